-- Who is who and what belongs to whom: organizations, clinicians, their TINs, and every event with its keys resolved.
-- Reads: event and reference (see extractors/tables.py); told_again, version_in_force, passed_version and stated_entry (current.sql);
-- canonical (key, same_as); stated_npi (key, npi: from the directory, or stated by a reference itself); site_tin
-- (key, tin). Instants and days are text and compare as text.

-- table: current_directory
-- Directory rows with their pointers resolved.
SELECT DISTINCT d.key, d.attribute, coalesce(c.same_as, d.value) AS value
FROM stated_entry AS d
LEFT JOIN canonical AS c ON c.key = d.value AND d.attribute IN ('practitioner', 'organization', 'part-of', 'managed-by')
;

-- table: current_reference
-- References of current resources, resolved; one may stand here twice.
SELECT f.source, f.relation, coalesce(c.same_as, f.target) AS target
FROM (
  SELECT r.source, r.relation, r.target
  FROM reference AS r
  LEFT JOIN told_again AS t ON t.key = r.source
  WHERE t.key IS NULL
  UNION ALL
  SELECT DISTINCT r.source, r.relation, r.target
  FROM reference AS r
  JOIN version_in_force AS v ON v.key = r.source AND v.content = r.content
) AS f
LEFT JOIN canonical AS c ON c.key = f.target
;

-- table: belonging
-- What an organization or location belongs to, up to three steps: a wing, its floor, the hospital, the owner.
SELECT k.key, k.key AS owner, 0 AS steps FROM (SELECT key FROM current_directory WHERE attribute = 'tin' UNION SELECT key FROM site_tin) AS k
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

-- table: post
-- Where practitioners work, by their roles, and from when to when. A role that is not active places nobody.
SELECT r.practitioner, r.tin, r.actor, max(b.value) AS begun_day, min(n.value) AS ended_day
FROM actor AS r
LEFT JOIN current_directory AS i ON i.key = r.actor AND i.attribute = 'inactive'
LEFT JOIN current_directory AS b ON b.key = r.actor AND b.attribute = 'begun'
LEFT JOIN current_directory AS n ON n.key = r.actor AND n.attribute = 'ended'
WHERE r.practitioner IS NOT NULL AND r.tin IS NOT NULL AND i.key IS NULL
GROUP BY r.practitioner, r.tin, r.actor
;

-- table: only_tin
-- Practitioners who work for exactly one TIN, for each day on which something of theirs is dated.
SELECT d.practitioner, d.day_from, d.day_to, min(p.tin) AS tin
FROM (
  SELECT DISTINCT a.practitioner, e.day_from, e.day_to
  FROM event AS e
  LEFT JOIN canonical AS c ON c.key = e.clinician
  JOIN actor AS a ON a.actor = coalesce(c.same_as, e.clinician)
  JOIN (SELECT DISTINCT practitioner FROM post) AS w ON w.practitioner = a.practitioner
) AS d
JOIN post AS p ON p.practitioner = d.practitioner
  AND (d.day_from IS NULL OR p.ended_day IS NULL OR p.ended_day >= d.day_from)
  AND (d.day_to IS NULL OR p.begun_day IS NULL OR p.begun_day <= d.day_to)
GROUP BY d.practitioner, d.day_from, d.day_to
HAVING count(DISTINCT p.tin) = 1
;

-- table: visit_tin
-- The TIN of an encounter, by its organization or else its location.
SELECT e.source AS encounter, min(t.tin) AS tin
FROM current_reference AS e
JOIN organization_tin AS t ON t.key = e.target
WHERE e.relation IN ('organization', 'location')
GROUP BY e.source HAVING count(DISTINCT t.tin) = 1
;

-- table: visit_of
-- What a visit says of the events of a resource that names it, or is it: its TIN, and its class where it is an inpatient stay. Of
-- a resource that names several, each has its row; of any other that is told nothing, there is none.
SELECT x.source, v.tin, k.value AS stay
FROM current_reference AS x
LEFT JOIN visit_tin AS v ON v.encounter = x.target
LEFT JOIN current_directory AS k ON k.key = x.target AND k.attribute = 'class' AND k.value IN ('IMP', 'ACUTE', 'NONAC')
LEFT JOIN (
  SELECT source FROM current_reference WHERE relation = 'encounter' GROUP BY source HAVING count(*) > 1
) AS n ON n.source = x.source
WHERE x.relation = 'encounter' AND (v.tin IS NOT NULL OR k.value IS NOT NULL OR n.source IS NOT NULL)
UNION ALL
SELECT v.encounter, v.tin, NULL
FROM visit_tin AS v
LEFT JOIN current_reference AS x ON x.source = v.encounter AND x.relation = 'encounter'
WHERE x.source IS NULL
;

-- table: resolved_event
-- Events of current resources, every key resolved, with the NPI and TIN they belong to; one may stand here twice. What the
-- content of a document says is said of every document that has this content. The TIN of
-- a visit is lent to its clinicians, never to an organization that is named itself. Access of a proxy (RelatedPerson) is
-- access of the patient; `holder` remembers who has it.
SELECT
  e.kind, e.answer, e.reason, coalesce(ch.same_as, h.source, px.target, cf.same_as, e.focus) AS focus,
  coalesce(cf.same_as, e.focus) AS holder, e.source,
  coalesce(cp.same_as, e.patient) AS patient, coalesce(cc.same_as, e.clinician) AS clinician,
  a.npi,
  CASE
    WHEN coalesce(cc.same_as, e.clinician, '') LIKE 'Organization/%' OR coalesce(cc.same_as, e.clinician, '') LIKE '%!Organization/%'
      OR coalesce(cc.same_as, e.clinician, '') LIKE 'Organization?%' THEN a.tin
    ELSE coalesce(a.tin, o.tin, v.tin, CASE WHEN a.placed_elsewhere = 0 THEN u.tin END)
  END AS tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, coalesce(e.codings, m.value) AS codings, coalesce(ck.same_as, e.counterpart) AS counterpart, e.identifier, e.detail,
  e.setting, v.stay, e.grade, e.rank, e.rule
FROM event AS e
LEFT JOIN passed_version AS r ON r.key = e.source AND r.content = e.content
LEFT JOIN current_reference AS h ON h.relation = 'content' AND h.target = e.focus AND e.kind = 'summary-complete'
LEFT JOIN canonical AS ch ON ch.key = h.source
LEFT JOIN canonical AS cf ON cf.key = e.focus
LEFT JOIN current_reference AS px ON px.source = coalesce(cf.same_as, e.focus) AND px.relation = 'proxy-for'
  AND e.kind IN ('access-vdt', 'access-api', 'access-declined', 'access-withdrawn')
LEFT JOIN canonical AS cp ON cp.key = e.patient
LEFT JOIN canonical AS cc ON cc.key = e.clinician
LEFT JOIN canonical AS co ON co.key = e.organization
LEFT JOIN canonical AS ck ON ck.key = e.counterpart
LEFT JOIN actor AS a ON a.actor = coalesce(cc.same_as, e.clinician)
LEFT JOIN organization_tin AS o ON o.key = coalesce(co.same_as, e.organization)
LEFT JOIN visit_of AS v ON v.source = e.source
LEFT JOIN only_tin AS u ON u.practitioner = a.practitioner AND coalesce(u.day_from, '') = coalesce(e.day_from, '')
  AND coalesce(u.day_to, '') = coalesce(e.day_to, '')
LEFT JOIN current_directory AS m
  ON m.key = coalesce(ck.same_as, e.counterpart) AND m.attribute = 'drug' AND e.kind = 'prescription-written'
WHERE r.key IS NULL
;
