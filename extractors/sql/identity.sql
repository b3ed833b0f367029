-- Identity: who is referred to by an identifier, and which directory rows decide whom that means.
-- Reads: event, reference and directory (see extractors/tables.py), unsaid and stated_entry (current.sql). A token is what an
-- identifier says whatever type it is asked of: all of `?identifier=system|value`.

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
  UNION ALL
  SELECT d.value
  FROM directory AS d
  LEFT JOIN unsaid AS u ON u.content = d.content AND u.key = d.key AND u.attribute = d.attribute AND u.value = d.value
  WHERE u.key IS NULL AND d.attribute NOT IN ('alias', 'named')
  UNION ALL SELECT key FROM stated_entry WHERE attribute = 'replaced-by'
) AS k
WHERE key LIKE '%?identifier=%'
;

-- table: shared_name
-- Business identifiers that several orders or documents carry.
SELECT n.value
FROM directory AS n
JOIN (SELECT value FROM directory WHERE attribute = 'named' GROUP BY value HAVING count(*) > 1) AS s ON s.value = n.value
LEFT JOIN unsaid AS u ON u.content = n.content AND u.key = n.key AND u.attribute = n.attribute AND u.value = n.value
WHERE n.attribute = 'named' AND u.key IS NULL
GROUP BY n.value HAVING min(n.key) <> max(n.key)
;

-- table: namesake
-- The orders and documents that carry them.
SELECT DISTINCT n.key
FROM directory AS n
JOIN shared_name AS s ON s.value = n.value
LEFT JOIN unsaid AS u ON u.content = n.content AND u.key = n.key AND u.attribute = n.attribute AND u.value = n.value
WHERE n.attribute = 'named' AND u.key IS NULL
;

-- table: possible_copy
-- What orders and documents that share a business identifier with another say to tell them apart.
SELECT DISTINCT d.key, d.attribute, d.value
FROM directory AS d
JOIN namesake AS n ON n.key = d.key
LEFT JOIN unsaid AS u ON u.content = d.content AND u.key = d.key AND u.attribute = d.attribute AND u.value = d.value
WHERE d.attribute IN ('named', 'subject', 'authored', 'prescribes', 'asks', 'asks-for') AND u.key IS NULL
;

-- table: carrier
-- Who carries an identifier that is referred to, whichever type it is referred to by. It is `tangled` where several carry it, or
-- where it leads on: from or to what was merged or may be a copy.
SELECT DISTINCT key, value,
  CASE WHEN low <> high OR led = 1 OR leads = 1 THEN 1 ELSE 0 END AS tangled
FROM (
  SELECT a.key, a.value, r.led, min(a.key) OVER (PARTITION BY a.token) AS low, max(a.key) OVER (PARTITION BY a.token) AS high,
    max(CASE WHEN m.key IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY a.token) AS leads
  FROM (
    SELECT d.key, d.value, substr(d.value, instr(d.value, '?')) AS token
    FROM directory AS d
    LEFT JOIN unsaid AS u ON u.content = d.content AND u.key = d.key AND u.attribute = d.attribute AND u.value = d.value
    WHERE d.attribute = 'alias' AND u.key IS NULL
  ) AS a
  JOIN (
    SELECT k.token, max(CASE WHEN n.key IS NULL THEN 0 ELSE 1 END) AS led
    FROM referred_identifier AS k
    LEFT JOIN (
      SELECT key FROM stated_entry WHERE attribute = 'replaced-by'
      UNION SELECT value FROM stated_entry WHERE attribute = 'replaced-by'
      UNION SELECT value FROM possible_copy
    ) AS n ON n.key = k.key
    GROUP BY k.token
  ) AS r ON r.token = a.token
  LEFT JOIN (
    SELECT key FROM stated_entry WHERE attribute = 'replaced-by' UNION SELECT key FROM possible_copy
  ) AS m ON m.key = a.key
) AS c
;

-- table: tangled
-- The directory rows that decide together which keys mean the same (extractors/identity.py): merges, possible copies, shared
-- identifiers and what they lead to. Of a large practice they are few.
SELECT key, attribute, value FROM stated_entry WHERE attribute = 'replaced-by'
UNION
SELECT key, attribute, value FROM possible_copy
UNION
SELECT key, 'alias', value FROM carrier WHERE tangled = 1
UNION
SELECT d.key, d.attribute, d.value
FROM stated_entry AS d
JOIN (
  SELECT key FROM carrier WHERE tangled = 1
  UNION SELECT value FROM possible_copy WHERE attribute = 'prescribes'
) AS k ON k.key = d.key
WHERE d.attribute IN ('npi', 'drug')
;
