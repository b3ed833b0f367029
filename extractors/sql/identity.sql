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

-- table: carrier
-- Who carries an identifier that is referred to, whichever type it is referred to by. It is `tangled` where several carry it, or
-- where it leads on: from or to what was merged or may be a copy.
SELECT key, value,
  CASE WHEN low <> high OR led = 1 OR leads = 1 THEN 1 ELSE 0 END AS tangled
FROM (
  SELECT a.key, a.value, r.led, min(a.key) OVER (PARTITION BY a.token) AS low, max(a.key) OVER (PARTITION BY a.token) AS high,
    max(CASE WHEN m.key IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY a.token) AS leads
  FROM (SELECT key, value, substr(value, instr(value, '?')) AS token FROM stated_directory WHERE attribute = 'alias') AS a
  JOIN (
    SELECT k.token, max(CASE WHEN n.key IS NULL THEN 0 ELSE 1 END) AS led
    FROM referred_identifier AS k
    LEFT JOIN (
      SELECT key FROM stated_directory WHERE attribute = 'replaced-by'
      UNION SELECT value FROM stated_directory WHERE attribute = 'replaced-by'
      UNION SELECT value FROM possible_copy
    ) AS n ON n.key = k.key
    GROUP BY k.token
  ) AS r ON r.token = a.token
  LEFT JOIN (
    SELECT key FROM stated_directory WHERE attribute = 'replaced-by' UNION SELECT key FROM possible_copy
  ) AS m ON m.key = a.key
) AS c
;

-- table: tangled
-- The directory rows that decide together which keys mean the same (extractors/identity.py): merges, possible copies, shared
-- identifiers and what they lead to. Of a large practice they are few.
SELECT key, attribute, value FROM stated_directory WHERE attribute = 'replaced-by'
UNION
SELECT key, attribute, value FROM possible_copy
UNION
SELECT key, 'alias', value FROM carrier WHERE tangled = 1
UNION
SELECT d.key, d.attribute, d.value
FROM stated_directory AS d
JOIN (
  SELECT key FROM carrier WHERE tangled = 1
  UNION SELECT value FROM possible_copy WHERE attribute = 'prescribes'
) AS k ON k.key = d.key
WHERE d.attribute IN ('npi', 'drug')
;
