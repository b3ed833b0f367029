-- Ledger: what became of what was received, type by type, and which kinds of fact it showed.
-- Reads: event, resource (see extractors/tables.py); told_again, version_in_force (current.sql), canonical.

-- table: type_ledger
-- One row per type of resource: how often one was received, in how many contents (`stated`), how many count as said, how many
-- of these are copies of another order or document, and what events they gave. `zone_assumed` and `unmapped` are resources: with
-- a time that bears no offset, and with a value that the profile does not map (`is_unmapped` of extractors/witness.py).
-- What was received once is stated once and counts; of what was told again, so much less. A key that no Bundle sets apart
-- begins with its type.
SELECT type, sum(received) AS received, sum(stated) AS stated, sum(kept) AS kept, sum(copies) AS copies, sum(events) AS events,
  sum(zone_assumed) AS zone_assumed, sum(unmapped) AS unmapped
FROM (
  SELECT type, count(*) AS received, count(*) AS stated, count(*) AS kept, 0 AS copies, 0 AS events, 0 AS zone_assumed, 0 AS unmapped
  FROM resource
  GROUP BY type
  UNION ALL
  SELECT k.type, 0, k.stated - k.received, CASE WHEN v.key IS NULL THEN 0 ELSE 1 END - k.received, 0, 0, 0, 0
  FROM (
    SELECT r.key, r.type, count(*) AS received, count(DISTINCT r.content) AS stated
    FROM resource AS r
    JOIN told_again AS t ON t.key = r.key
    GROUP BY r.key, r.type
  ) AS k
  LEFT JOIN version_in_force AS v ON v.key = k.key
  UNION ALL
  SELECT r.type, 0, 0, 0, count(DISTINCT r.key), 0, 0, 0
  FROM resource AS r
  JOIN canonical AS s ON s.key = r.key
  LEFT JOIN told_again AS t ON t.key = r.key
  LEFT JOIN version_in_force AS v ON v.key = r.key
  WHERE r.type IN ('MedicationRequest', 'ServiceRequest', 'DocumentReference') AND (t.key IS NULL OR v.key IS NOT NULL)
  GROUP BY r.type
  UNION ALL
  SELECT type, 0, 0, 0, 0, sum(events), sum(zone_assumed), sum(unmapped)
  FROM (
    SELECT coalesce(a.type, substr(e.source, 1, instr(e.source, '/') - 1)) AS type, 1 AS events, 0 AS zone_assumed, 0 AS unmapped
    FROM event AS e
    LEFT JOIN (SELECT DISTINCT key, type FROM resource WHERE key LIKE '%!%') AS a ON a.key = e.source
    UNION ALL
    SELECT coalesce(a.type, substr(e.source, 1, instr(e.source, '/') - 1)), 0, e.zone_assumed, e.unmapped
    FROM (
      SELECT source, max(CASE WHEN zone_assumed THEN 1 ELSE 0 END) AS zone_assumed,
        max(CASE WHEN reason LIKE '%has a value that the profile does not map' THEN 1 ELSE 0 END) AS unmapped
      FROM event
      WHERE zone_assumed OR reason LIKE '%has a value that the profile does not map'
      GROUP BY source
    ) AS e
    LEFT JOIN (SELECT DISTINCT key, type FROM resource WHERE key LIKE '%!%') AS a ON a.key = e.source
  ) AS w
  GROUP BY type
) AS x
GROUP BY type
;

-- table: shown_kind
SELECT DISTINCT kind FROM event
;
