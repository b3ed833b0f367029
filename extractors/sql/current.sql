-- What counts as said: the current version of every resource, with its directory rows and events.
-- Reads: event, resource, directory (see extractors/tables.py). Instants are text and compare as text. Most resources are
-- received once: these are passed on as they come, and only of the others it is decided, and held, which version counts.

-- table: told_again
-- Keys of resources that were received more than once, or are deleted.
SELECT key FROM resource GROUP BY key HAVING count(*) > 1 OR max(CASE WHEN deleted THEN 1 ELSE 0 END) = 1
;

-- table: version_in_force
-- The version that counts of each resource that was told again: the latest update, then the longest and highest version
-- number, then the highest hash, so that the order of reading never matters. Deleted resources are gone; a
-- deletion that bears no time is taken as the last word, so that nothing deleted is ever counted.
SELECT key, type, content
FROM (
  SELECT r.key, r.type, r.content, r.deleted,
    row_number() OVER (
      PARTITION BY r.key
      ORDER BY CASE WHEN r.deleted AND r.updated IS NULL THEN 1 ELSE 0 END DESC, coalesce(r.updated, '') DESC,
        length(coalesce(r.version, '')) DESC, coalesce(r.version, '') DESC, r.deleted DESC, r.content DESC, r.type DESC
    ) AS place
  FROM resource AS r
  JOIN told_again AS t ON t.key = r.key
) AS ranked
WHERE place = 1 AND NOT deleted
;

-- table: current_resource
-- The version of each resource that counts.
SELECT r.key, r.type, r.content
FROM resource AS r
LEFT JOIN told_again AS t ON t.key = r.key
WHERE t.key IS NULL
UNION ALL
SELECT key, type, content FROM version_in_force
;

-- table: passed_version
-- Versions of resources that do not count, or no more.
SELECT DISTINCT r.key, r.content
FROM resource AS r
JOIN told_again AS t ON t.key = r.key
LEFT JOIN version_in_force AS v ON v.key = r.key AND v.content = r.content
WHERE v.key IS NULL
;

-- table: looked_into
-- Contents of which it has to be looked whether a directory row is said by a current resource: those that do not count, and merges,
-- which a resource may say of another.
SELECT content FROM passed_version
UNION
SELECT content FROM directory WHERE attribute = 'replaced-by'
;

-- table: unsaid
-- Directory rows that no current resource says, contained resources included.
SELECT DISTINCT d.key, d.content, d.attribute, d.value
FROM directory AS d
JOIN looked_into AS l ON l.content = d.content
LEFT JOIN (
  SELECT r.key, r.content
  FROM resource AS r
  JOIN looked_into AS l ON l.content = r.content
  LEFT JOIN told_again AS t ON t.key = r.key
  WHERE t.key IS NULL
  UNION ALL
  SELECT v.key, v.content FROM version_in_force AS v JOIN looked_into AS l ON l.content = v.content
) AS r ON r.content = d.content AND (d.key = r.key OR substr(d.key, 1, length(r.key) + 1) = r.key || '#' OR d.value = r.key)
WHERE r.key IS NULL
;

-- table: current_place
-- Where the version of each resource that counts stands: of those with its content the latest, and of that the first
-- file, line and Bundle entry. Versions that differ only in what no rule reads have one content.
SELECT r.key, r.file, r.line, r.entry
FROM resource AS r
LEFT JOIN told_again AS t ON t.key = r.key
WHERE t.key IS NULL
UNION ALL
SELECT key, file, line, entry
FROM (
  SELECT r.key, r.file, r.line, r.entry,
    row_number() OVER (
      PARTITION BY r.key
      ORDER BY coalesce(r.updated, '') DESC, length(coalesce(r.version, '')) DESC, coalesce(r.version, '') DESC,
        r.file NULLS LAST, r.line NULLS LAST, r.entry NULLS FIRST
    ) AS place
  FROM resource AS r
  JOIN version_in_force AS v ON v.key = r.key AND v.content = r.content
) AS ranked
WHERE place = 1
;

-- table: stated_directory
-- Directory rows of current resources as they stand. A row comes as often as it was read.
SELECT d.key, d.attribute, d.value
FROM directory AS d
LEFT JOIN unsaid AS u ON u.content = d.content AND u.key = d.key AND u.attribute = d.attribute AND u.value = d.value
WHERE u.key IS NULL
;

-- table: stated_entry
-- Those of them that say something by themselves, once: not aliases, which may be record numbers, nor what tells copies apart.
SELECT DISTINCT d.key, d.attribute, d.value
FROM directory AS d
LEFT JOIN unsaid AS u ON u.content = d.content AND u.key = d.key AND u.attribute = d.attribute AND u.value = d.value
WHERE u.key IS NULL AND d.attribute NOT IN ('alias', 'named', 'subject', 'authored', 'prescribes', 'asks', 'asks-for')
;

-- table: stated_event
-- Events of current resources, without the place where they were read. Local days follow from the instants. A row comes as
-- often as it was read.
SELECT e.kind, e.answer, e.reason, e.focus, e.source, e.content, e.patient, e.clinician, e.on_behalf_of,
  e.organization, e.from_utc, e.to_utc, e.ended_utc, e.code_system, e.code, e.codings, e.counterpart, e.identifier, e.detail,
  e.setting, e.grade, e.rank, e.rule
FROM event AS e
LEFT JOIN passed_version AS p ON p.key = e.source AND p.content = e.content
WHERE p.key IS NULL
;
