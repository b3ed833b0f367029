-- What counts as said: the current version of every resource, with its directory rows and events.
-- Reads: event, resource, directory (see extractors/tables.py). Instants are text and compare as text.

-- table: current_resource
-- The version of each resource that counts: the latest update, then the longest and highest version
-- number, then the highest hash, so that the order of reading never matters. Deleted resources are gone; a
-- deletion that bears no time is taken as the last word, so that nothing deleted is ever counted.
SELECT key, type, content
FROM (
  SELECT key, type, content, deleted,
    row_number() OVER (
      PARTITION BY key
      ORDER BY CASE WHEN deleted AND updated IS NULL THEN 1 ELSE 0 END DESC, coalesce(updated, '') DESC,
        length(coalesce(version, '')) DESC, coalesce(version, '') DESC, deleted DESC, content DESC
    ) AS place
  FROM resource
) AS ranked
WHERE place = 1 AND NOT deleted
;

-- table: current_place
-- Where the version of each resource that counts stands: of those with its content the latest, and of that the first
-- file, line and Bundle entry. Versions that differ only in what no rule reads have one content.
SELECT key, file, line, entry
FROM (
  SELECT r.key, r.file, r.line, r.entry,
    row_number() OVER (
      PARTITION BY r.key
      ORDER BY coalesce(r.updated, '') DESC, length(coalesce(r.version, '')) DESC, coalesce(r.version, '') DESC,
        r.file NULLS LAST, r.line NULLS LAST, coalesce(r.entry, 0) NULLS LAST
    ) AS place
  FROM resource AS r
  JOIN current_resource AS c ON c.key = r.key AND c.content = r.content
) AS ranked
WHERE place = 1
;

-- table: stated_directory
-- Directory rows of current resources as they stand, contained resources included.
SELECT DISTINCT d.key, d.attribute, d.value
FROM directory AS d
JOIN current_resource AS r ON r.content = d.content AND (d.key = r.key OR substr(d.key, 1, length(r.key) + 1) = r.key || '#' OR d.value = r.key)
;

-- table: stated_event
-- Events of current resources, without the place where they were read. Local days follow from the instants.
SELECT DISTINCT e.kind, e.answer, e.reason, e.focus, e.source, e.content, e.patient, e.clinician, e.on_behalf_of,
  e.organization, e.from_utc, e.to_utc, e.ended_utc, e.code_system, e.code, e.codings, e.counterpart, e.identifier, e.detail,
  e.setting, e.grade, e.rank, e.rule
FROM event AS e
JOIN current_resource AS r ON r.key = e.source AND r.content = e.content
;
