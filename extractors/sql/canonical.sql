-- Canonical keys: which key each other one stands for, and the NPIs that are stated.
-- Reads: referred_identifier and carrier (identity.sql), stated_entry (current.sql); untangled (key, same_as).

-- table: canonical
-- What one alone carries stands for its carrier; the rest is decided by all that says something of it.
SELECT key, same_as FROM untangled
UNION ALL
SELECT c.value, c.key
FROM carrier AS c
JOIN referred_identifier AS r ON r.key = c.value
WHERE c.tangled = 0
;

-- table: stated_npi
-- NPIs that the directory gives, and those that references to a person carry themselves, whether she is in the data or not.
SELECT key, value AS npi FROM stated_entry WHERE attribute = 'npi'
UNION
SELECT r.key, substr(r.key, instr(r.key, '|') + 1)
FROM referred_identifier AS r
LEFT JOIN canonical AS c ON c.key = r.key
WHERE c.key IS NULL AND (
  r.key LIKE 'Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|%' OR r.key LIKE '?identifier=http://hl7.org/fhir/sid/us-npi|%'
)
;
