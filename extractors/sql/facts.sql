-- Facts: what the events say, once versions, references and clinicians are resolved.
-- Reads: event and reference (see extractors/tables.py); current_resource and stated_directory (current.sql);
-- canonical (key, same_as),
-- stated_npi (key, npi: from the directory, or
-- stated by a reference itself), site_tin (key, tin). Instants and days are text and compare as text.

-- table: current_directory
-- Directory rows with their pointers resolved; aliases, which may be record numbers, have done their work.
SELECT DISTINCT d.key, d.attribute, coalesce(c.same_as, d.value) AS value
FROM stated_directory AS d
LEFT JOIN canonical AS c ON c.key = d.value AND d.attribute IN ('practitioner', 'organization', 'part-of', 'managed-by')
WHERE d.attribute <> 'alias'
;

-- table: current_reference
SELECT DISTINCT f.source, f.relation, coalesce(c.same_as, f.target) AS target
FROM reference AS f
JOIN current_resource AS r ON r.key = f.source AND r.content = f.content
LEFT JOIN canonical AS c ON c.key = f.target
;

-- table: belonging
-- What an organization or location belongs to, up to three steps: a wing, its floor, the hospital, the owner.
SELECT k.key, k.key AS owner, 0 AS steps FROM (SELECT key FROM current_directory UNION SELECT key FROM site_tin) AS k
UNION
SELECT key, value, 1 FROM current_directory WHERE attribute IN ('part-of', 'managed-by')
UNION
SELECT a.key, b.value, 2 FROM current_directory AS a
JOIN current_directory AS b ON b.key = a.value AND b.attribute IN ('part-of', 'managed-by')
WHERE a.attribute IN ('part-of', 'managed-by')
UNION
SELECT a.key, c.value, 3 FROM current_directory AS a
JOIN current_directory AS b ON b.key = a.value AND b.attribute IN ('part-of', 'managed-by')
JOIN current_directory AS c ON c.key = b.value AND c.attribute IN ('part-of', 'managed-by')
WHERE a.attribute IN ('part-of', 'managed-by')
;

-- table: organization_tin
-- One row per organization or location: the site's word for its TIN, its own, or that of the nearest owner
-- that has one. Two TINs at the same distance decide nothing.
SELECT key, min(tin) AS tin
FROM (
  SELECT b.key, coalesce(s.tin, w.value) AS tin, rank() OVER (PARTITION BY b.key ORDER BY b.steps NULLS LAST) AS place
  FROM belonging AS b
  LEFT JOIN site_tin AS s ON s.key = b.owner
  LEFT JOIN current_directory AS w ON w.key = b.owner AND w.attribute = 'tin'
  WHERE coalesce(s.tin, w.value) IS NOT NULL
) AS nearest
WHERE place = 1
GROUP BY key
HAVING count(DISTINCT tin) = 1
;

-- table: actor
-- One row per clinician key: the practitioner behind it, the NPI and, for a role, the TIN it works for.
-- Two NPIs or TINs on one key decide nothing: then the column is null. `placed_elsewhere` marks a role that
-- names an organization whose TIN is not known: it must not be taken for the practitioner's only known one.
SELECT actor, min(practitioner) AS practitioner, max(placed_elsewhere) AS placed_elsewhere,
  CASE WHEN count(DISTINCT npi) = 1 THEN min(npi) END AS npi,
  CASE WHEN count(DISTINCT tin) = 1 THEN min(tin) END AS tin
FROM (
  SELECT p.key AS actor, p.value AS practitioner, n.npi, t.tin,
    CASE WHEN o.value IS NOT NULL AND t.tin IS NULL THEN 1 ELSE 0 END AS placed_elsewhere
  FROM current_directory AS p
  LEFT JOIN stated_npi AS n ON n.key = p.value
  LEFT JOIN current_directory AS o ON o.key = p.key AND o.attribute = 'organization'
  LEFT JOIN organization_tin AS t ON t.key = o.value
  WHERE p.attribute = 'practitioner'
  UNION ALL
  SELECT key AS actor, key AS practitioner, npi, NULL AS tin, 0 AS placed_elsewhere FROM stated_npi
  UNION ALL
  SELECT key AS actor, NULL AS practitioner, NULL AS npi, tin, 0 AS placed_elsewhere FROM organization_tin
) AS named
GROUP BY actor
;

-- table: only_tin
-- Practitioners who work for exactly one TIN.
SELECT practitioner, min(tin) AS tin FROM actor WHERE practitioner IS NOT NULL AND tin IS NOT NULL
GROUP BY practitioner HAVING count(DISTINCT tin) = 1
;

-- table: visit_tin
-- The TIN of an encounter, by its organization or else its location.
SELECT e.source AS encounter, min(t.tin) AS tin
FROM current_reference AS e
JOIN organization_tin AS t ON t.key = e.target
WHERE e.relation IN ('organization', 'location')
GROUP BY e.source HAVING count(DISTINCT t.tin) = 1
;

-- table: fact
-- One row per event of a current resource, every key resolved, with the NPI and TIN it belongs to. The TIN of
-- a visit is lent to its clinicians, never to an organization that is named itself.
SELECT DISTINCT
  e.kind, e.answer, e.reason, coalesce(cf.same_as, e.focus) AS focus, e.source,
  coalesce(cp.same_as, e.patient) AS patient, coalesce(cc.same_as, e.clinician) AS clinician,
  a.npi,
  CASE
    WHEN coalesce(cc.same_as, e.clinician, '') LIKE 'Organization/%' OR coalesce(cc.same_as, e.clinician, '') LIKE '%!Organization/%'
      OR coalesce(cc.same_as, e.clinician, '') LIKE 'Organization?%' THEN a.tin
    ELSE coalesce(a.tin, o.tin, v.tin, CASE WHEN a.placed_elsewhere = 0 THEN u.tin END)
  END AS tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  coalesce(e.code_system, substr(m.value, 1, instr(m.value, '|') - 1)) AS code_system,
  coalesce(e.code, substr(m.value, instr(m.value, '|') + 1)) AS code,
  e.display, coalesce(ck.same_as, e.counterpart) AS counterpart, e.identifier, e.detail, e.setting, k.value AS visit_class, e.grade, e.rank, e.rule,
  e.zone_assumed
FROM event AS e
JOIN current_resource AS r ON r.key = e.source AND r.content = e.content
LEFT JOIN canonical AS cf ON cf.key = e.focus
LEFT JOIN canonical AS cp ON cp.key = e.patient
LEFT JOIN canonical AS cc ON cc.key = e.clinician
LEFT JOIN canonical AS co ON co.key = e.organization
LEFT JOIN canonical AS ck ON ck.key = e.counterpart
LEFT JOIN actor AS a ON a.actor = coalesce(cc.same_as, e.clinician)
LEFT JOIN organization_tin AS o ON o.key = coalesce(co.same_as, e.organization)
LEFT JOIN current_reference AS x ON x.source = e.source AND x.relation = 'encounter'
LEFT JOIN visit_tin AS v ON v.encounter = coalesce(x.target, e.source)
LEFT JOIN only_tin AS u ON u.practitioner = a.practitioner
LEFT JOIN current_directory AS k ON k.key = x.target AND k.attribute = 'class'
LEFT JOIN current_directory AS m
  ON m.key = coalesce(ck.same_as, e.counterpart) AND m.attribute = 'drug' AND e.kind = 'prescription-written'
;

-- table: prescribed
-- The codes of all drugs that were prescribed; empty text where the order is not coded.
SELECT DISTINCT coalesce(code_system, '') AS code_system, coalesce(code, '') AS code
FROM fact WHERE kind = 'prescription-written'
;

-- table: verdict
-- One row per focus and kind: what the best ranked evidence says. A contradiction between equals, or with
-- an assertion, is unknown; a success after a failure is a success. Dates are those of the first success.
SELECT
  b.focus, b.kind,
  CASE
    WHEN b.rank IS NULL THEN 'unknown'
    WHEN max(d.met) = 1 AND (max(d.failed) = 0 OR max(d.failed_utc) < max(d.met_utc)) THEN 'met'
    WHEN max(d.met) = 1 THEN 'unknown'
    ELSE 'not_met'
  END AS answer,
  CASE
    WHEN b.rank IS NULL THEN max(b.reason)
    WHEN max(d.met) = 1 AND max(d.failed) = 1 AND coalesce(max(d.failed_utc) >= max(d.met_utc), TRUE)
      THEN 'conflict: evidence contradicts itself'
    WHEN max(d.met) = 0 THEN max(d.reason)
  END AS reason,
  min(CASE WHEN d.rank = b.rank THEN d.met_utc END) AS from_utc, min(CASE WHEN d.rank = b.rank THEN d.met_to END) AS to_utc,
  min(CASE WHEN d.rank = b.rank THEN d.day_from END) AS day_from, min(CASE WHEN d.rank = b.rank THEN d.day_to END) AS day_to,
  min(CASE WHEN d.rank = b.rank THEN d.grade END) AS grade, min(CASE WHEN d.rank = b.rank THEN d.counterpart END) AS counterpart
FROM (
  SELECT focus, kind, min(CASE WHEN answer <> 'unknown' THEN rank END) AS rank, max(reason) AS reason
  FROM fact GROUP BY focus, kind
) AS b
LEFT JOIN (
  SELECT focus, kind, rank, reason,
    CASE WHEN answer = 'met' THEN 1 ELSE 0 END AS met,
    CASE WHEN answer = 'not_met' THEN 1 ELSE 0 END AS failed,
    CASE WHEN answer = 'not_met' THEN to_utc END AS failed_utc,
    CASE WHEN answer = 'met' THEN from_utc END AS met_utc,
    CASE WHEN answer = 'met' THEN to_utc END AS met_to,
    CASE WHEN answer = 'met' THEN day_from END AS day_from,
    CASE WHEN answer = 'met' THEN day_to END AS day_to,
    CASE WHEN answer = 'met' THEN grade END AS grade,
    CASE WHEN answer = 'met' THEN counterpart END AS counterpart,
    CASE WHEN grade = 'asserted' THEN 1 ELSE 0 END AS asserted
  FROM fact WHERE answer <> 'unknown'
) AS d ON d.focus = b.focus AND d.kind = b.kind AND (d.rank = b.rank OR d.asserted = 1)
GROUP BY b.focus, b.kind, b.rank
;
