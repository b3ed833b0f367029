-- Identity: who is referred to by an identifier, and which directory rows decide whom that means.
-- Reads: event and reference (see extractors/tables.py), stated_directory (current.sql). A token is what an identifier says
-- whatever type it is asked of: all of `?identifier=system|value`.

-- table: referred_identifier
-- Keys of references by identifier (extractors/references.py); no other identifier has to be resolved.
SELECT DISTINCT key, substr(key, instr(key, '?')) AS token
FROM (
  SELECT focus AS key FROM event
  UNION ALL SELECT patient FROM event
  UNION ALL SELECT clinician FROM event
  UNION ALL SELECT organization FROM event
  UNION ALL SELECT counterpart FROM event
  UNION ALL SELECT target FROM reference
  UNION ALL SELECT value FROM stated_directory WHERE attribute NOT IN ('alias', 'named')
  UNION ALL SELECT key FROM stated_directory WHERE attribute = 'replaced-by'
) AS k
WHERE key LIKE '%?identifier=%'
;

-- table: carrier
-- Who carries an identifier that is referred to, whichever type it is referred to by.
SELECT a.key, a.value, a.token
FROM (SELECT key, value, substr(value, instr(value, '?')) AS token FROM stated_directory WHERE attribute = 'alias') AS a
JOIN (SELECT DISTINCT token FROM referred_identifier) AS r ON r.token = a.token
;

-- table: possible_copy
-- What orders and documents that share a business identifier with another say to tell them apart.
SELECT d.key, d.attribute, d.value
FROM stated_directory AS d
JOIN (
  SELECT DISTINCT n.key
  FROM stated_directory AS n
  JOIN (SELECT value FROM stated_directory WHERE attribute = 'named' GROUP BY value HAVING min(key) <> max(key)) AS s ON s.value = n.value
  WHERE n.attribute = 'named'
) AS c ON c.key = d.key
WHERE d.attribute IN ('named', 'subject', 'authored', 'prescribes', 'asks', 'asks-for')
;

-- table: tangled_token
-- Identifiers that several carry, or that lead on: from or to what was merged or may be a copy.
SELECT c.token
FROM carrier AS c
LEFT JOIN (
  SELECT key FROM stated_directory WHERE attribute = 'replaced-by' UNION SELECT key FROM possible_copy
) AS m ON m.key = c.key
GROUP BY c.token
HAVING min(c.key) <> max(c.key) OR max(m.key) IS NOT NULL
UNION
SELECT r.token
FROM referred_identifier AS r
JOIN (
  SELECT key FROM stated_directory WHERE attribute = 'replaced-by'
  UNION SELECT value FROM stated_directory WHERE attribute = 'replaced-by'
  UNION SELECT value FROM possible_copy
) AS m ON m.key = r.key
;

-- table: tangled
-- The directory rows that decide together which keys mean the same (extractors/identity.py): merges, possible copies, shared
-- identifiers and what they lead to. Of a large practice they are few.
SELECT key, attribute, value FROM stated_directory WHERE attribute = 'replaced-by'
UNION
SELECT key, attribute, value FROM possible_copy
UNION
SELECT c.key, 'alias', c.value FROM carrier AS c JOIN tangled_token AS t ON t.token = c.token
UNION
SELECT d.key, d.attribute, d.value
FROM stated_directory AS d
JOIN (
  SELECT c.key FROM carrier AS c JOIN tangled_token AS t ON t.token = c.token
  UNION SELECT value FROM possible_copy WHERE attribute = 'prescribes'
) AS k ON k.key = d.key
WHERE d.attribute IN ('npi', 'drug')
;
