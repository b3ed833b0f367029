-- Ledger: what became of what was received, type by type, and which kinds of fact it showed.
-- Reads: event, resource (see extractors/tables.py); current_resource (current.sql), canonical.

-- table: type_ledger
-- One row per type of resource: how often one was received, in how many contents (`stated`), how many count as said, how many
-- of these are copies of another order or document, and what events they gave. `zone_assumed` and `unmapped` are resources: with
-- a time that bears no offset, and with a value that the profile does not map (`is_unmapped` of extractors/witness.py).
SELECT r.type, sum(r.received) AS received, sum(r.stated) AS stated, sum(coalesce(c.kept, 0)) AS kept,
  sum(coalesce(c.copies, 0)) AS copies, sum(coalesce(e.events, 0)) AS events,
  sum(coalesce(e.zone_assumed, 0)) AS zone_assumed, sum(coalesce(e.unmapped, 0)) AS unmapped
FROM (SELECT key, type, count(*) AS received, count(DISTINCT content) AS stated FROM resource GROUP BY key, type) AS r
LEFT JOIN (
  SELECT n.key, 1 AS kept,
    CASE WHEN s.key IS NOT NULL AND n.type IN ('MedicationRequest', 'ServiceRequest', 'DocumentReference') THEN 1 ELSE 0 END AS copies
  FROM current_resource AS n
  LEFT JOIN canonical AS s ON s.key = n.key
) AS c ON c.key = r.key
LEFT JOIN (
  SELECT source, count(*) AS events, max(CASE WHEN zone_assumed THEN 1 ELSE 0 END) AS zone_assumed,
    max(CASE WHEN reason LIKE '%has a value that the profile does not map' THEN 1 ELSE 0 END) AS unmapped
  FROM event GROUP BY source
) AS e ON e.source = r.key
GROUP BY r.type
;

-- table: shown_kind
SELECT DISTINCT kind FROM event
;
