-- Facts: what the events say, once versions, references and clinicians are resolved.
-- Reads: event and reference (see extractors/tables.py); current_resource and stated_directory (current.sql);
-- canonical (key, same_as); stated_npi (key, npi: from the directory, or stated by a reference itself); site_tin
-- (key, tin). Instants and days are text and compare as text.

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
  WHERE a.practitioner IS NOT NULL
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

-- table: resolved_event
-- One row per event of a current resource, every key resolved, with the NPI and TIN it belongs to. What the content
-- of a document says is said of every document that has this content. The TIN of
-- a visit is lent to its clinicians, never to an organization that is named itself. Access of a proxy (RelatedPerson) is
-- access of the patient; `holder` remembers who has it.
SELECT DISTINCT
  e.kind, e.answer, e.reason, coalesce(ch.same_as, h.source, px.target, cf.same_as, e.focus) AS focus,
  coalesce(cf.same_as, e.focus) AS holder, e.source,
  coalesce(cp.same_as, e.patient) AS patient, coalesce(cc.same_as, e.clinician) AS clinician,
  a.npi,
  CASE
    WHEN coalesce(cc.same_as, e.clinician, '') LIKE 'Organization/%' OR coalesce(cc.same_as, e.clinician, '') LIKE '%!Organization/%'
      OR coalesce(cc.same_as, e.clinician, '') LIKE 'Organization?%' THEN a.tin
    ELSE coalesce(a.tin, o.tin, v.tin, CASE WHEN a.placed_elsewhere = 0 THEN u.tin END)
  END AS tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, coalesce(e.codings, m.value) AS codings, e.display, coalesce(ck.same_as, e.counterpart) AS counterpart, e.identifier, e.detail, e.setting, k.value AS visit_class, e.grade, e.rank, e.rule,
  e.zone_assumed
FROM event AS e
JOIN current_resource AS r ON r.key = e.source AND r.content = e.content
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
LEFT JOIN current_reference AS x ON x.source = e.source AND x.relation = 'encounter'
LEFT JOIN visit_tin AS v ON v.encounter = coalesce(x.target, e.source)
LEFT JOIN only_tin AS u ON u.practitioner = a.practitioner AND coalesce(u.day_from, '') = coalesce(e.day_from, '')
  AND coalesce(u.day_to, '') = coalesce(e.day_to, '')
LEFT JOIN current_directory AS k ON k.key = x.target AND k.attribute = 'class'
LEFT JOIN current_directory AS m
  ON m.key = coalesce(ck.same_as, e.counterpart) AND m.attribute = 'drug' AND e.kind = 'prescription-written'
;

-- table: own_side
-- Whose each order, referral or visit is: the one who asks, the practitioner behind, NPI, TIN and organization.
SELECT DISTINCT e.focus, e.clinician AS requester, a.practitioner, e.npi, e.tin, o.value AS organization
FROM resolved_event AS e
LEFT JOIN actor AS a ON a.actor = e.clinician
LEFT JOIN current_directory AS o ON o.key = e.clinician AND o.attribute = 'organization'
WHERE e.kind IN ('prescription-written', 'referral-made', 'patient-seen', 'transition-made') AND e.clinician IS NOT NULL
;

-- table: party
-- Who sends and gets each message about an order, and who owns each task on it, seen from the one who asked:
-- herself, her side, the performer, or surely another. A TIN that is not known decides nothing.
SELECT m.source, m.focus, x.relation, x.target,
  CASE WHEN x.target LIKE 'Organization/%' OR x.target LIKE '%!Organization/%' OR x.target LIKE 'Organization?%' THEN 'organization'
    WHEN x.target LIKE 'Device/%' OR x.target LIKE '%!Device/%' THEN 'device'
    WHEN x.target LIKE '?%' THEN 'unknown' ELSE 'person' END AS sort,
  max(CASE WHEN x.target = s.requester OR a.practitioner = s.practitioner OR a.npi = s.npi THEN 1 ELSE 0 END) AS herself,
  max(CASE WHEN a.tin = s.tin OR w.tin = s.tin OR x.target = s.organization OR o.value = s.organization THEN 1 ELSE 0 END) AS same_side,
  max(CASE WHEN x.target = p.clinician OR a.practitioner = b.practitioner OR a.npi = p.npi OR o.value = p.clinician
    THEN 1 ELSE 0 END) AS performer,
  max(CASE WHEN p.clinician IS NULL THEN 0 ELSE 1 END) AS addressee_named,
  max(CASE WHEN coalesce(a.tin, w.tin) <> s.tin OR x.target LIKE 'Patient/%' OR x.target LIKE '%!Patient/%'
    OR x.target LIKE 'RelatedPerson/%' OR x.target LIKE '%!RelatedPerson/%' THEN 1 ELSE 0 END) AS other
FROM (
  SELECT DISTINCT source, focus FROM resolved_event
  WHERE kind IN ('summary-sent', 'prescription-transmitted', 'receipt-confirmed')
) AS m
JOIN current_reference AS x ON x.source = m.source AND x.relation IN ('sender', 'recipient', 'owner')
JOIN own_side AS s ON s.focus = m.focus
LEFT JOIN actor AS a ON a.actor = x.target
LEFT JOIN current_directory AS o ON o.key = x.target AND o.attribute = 'organization'
LEFT JOIN post AS w ON w.practitioner = a.practitioner
LEFT JOIN resolved_event AS p ON p.kind = 'referral-received' AND p.focus = m.focus
LEFT JOIN actor AS b ON b.actor = p.clinician
GROUP BY m.source, m.focus, x.relation, x.target
;

-- table: meant_for_another
-- Messages about several orders that reach only the performers of others: one document serves several referrals only
-- where it is sent to each. Who is nobody's performer may pass it on, and decides nothing.
SELECT m.source, m.focus
FROM party AS m
JOIN (
  SELECT source, target, max(performer) AS performs FROM party WHERE relation = 'recipient' GROUP BY source, target
) AS r ON r.source = m.source AND r.target = m.target
WHERE m.relation = 'recipient'
GROUP BY m.source, m.focus
HAVING max(m.addressee_named) = 1 AND max(m.performer) = 0 AND min(r.performs) = 1
;

-- table: message_side
-- One row per message or task and order: whether its sender is ours, another or not shown to be ours; whether the
-- one who asked, or somebody else, gets it; whether a pharmacy may be among those who get it; and whether the
-- task is the own side's. A performer of the same TIN is a partner: to her it is sent, and she receives it.
SELECT source, focus,
  max(CASE WHEN relation = 'sender' THEN
    CASE WHEN herself = 1 THEN 'ours' WHEN performer = 1 THEN 'other' WHEN same_side = 1 OR sort = 'device' THEN 'ours'
      WHEN other = 1 THEN 'other' ELSE 'not shown' END END) AS sender,
  max(CASE WHEN relation = 'recipient' AND performer = 0 AND (herself = 1 OR (same_side = 1 AND sort = 'organization'))
    THEN 1 ELSE 0 END) AS to_us,
  max(CASE WHEN relation = 'recipient' AND herself = 0 AND (performer = 1 OR same_side = 0) THEN 1 ELSE 0 END) AS to_others,
  max(CASE WHEN relation = 'recipient' THEN 1 ELSE 0 END) AS addressed,
  max(CASE WHEN relation = 'recipient' AND sort = 'unknown' THEN 1 ELSE 0 END) AS to_unknown,
  max(CASE WHEN relation = 'recipient' AND sort = 'organization' AND same_side = 0 AND herself = 0 THEN 1 ELSE 0 END) AS to_pharmacy,
  max(CASE WHEN relation = 'owner' AND herself = 0 AND performer = 1 THEN 0
    WHEN relation = 'owner' AND (herself = 1 OR same_side = 1) THEN 1 ELSE 0 END) AS internal
FROM party
GROUP BY source, focus
;

-- table: told
-- Every event with what the parties of its message make of it. The other side's reply is no sending of ours, a
-- message to anyone but a pharmacy transmits no prescription, a task of the own side confirms no receipt, and what
-- went to the performer of another referral says nothing of this one.
SELECT e.*, CASE WHEN r.type <> 'Communication' OR e.answer <> 'met' THEN NULL
    WHEN e.kind IN ('summary-sent', 'prescription-transmitted') AND m.sender = 'not shown'
      THEN 'whether the sender of the message is on our side is not shown'
    WHEN e.kind = 'prescription-transmitted' AND (coalesce(m.addressed, 0) = 0 OR (m.to_pharmacy = 0 AND m.to_unknown = 1))
      THEN 'the message names no pharmacy' END AS doubt
FROM resolved_event AS e
JOIN current_resource AS r ON r.key = e.source
LEFT JOIN message_side AS m ON m.source = e.source AND m.focus = e.focus
LEFT JOIN meant_for_another AS n ON n.source = e.source AND n.focus = e.focus AND r.type = 'Communication'
WHERE n.focus IS NULL
  AND NOT (r.type = 'Communication' AND e.kind IN ('summary-sent', 'prescription-transmitted') AND coalesce(m.sender, '') = 'other')
  AND NOT (r.type = 'Communication' AND e.kind = 'summary-sent' AND coalesce(m.to_us, 0) = 1
    AND NOT (coalesce(m.sender, '') = 'ours' AND m.to_others = 1))
  AND NOT (r.type = 'Communication' AND e.kind = 'prescription-transmitted' AND coalesce(m.addressed, 0) = 1
    AND m.to_pharmacy = 0 AND m.to_unknown = 0)
  AND NOT (r.type = 'Task' AND e.kind = 'receipt-confirmed' AND coalesce(m.internal, 0) = 1)
;

-- table: fact
-- What is held for a fact. A copy by fax, on paper or by word of mouth takes nothing back that was sent electronically.
SELECT e.kind, CASE WHEN e.doubt IS NULL THEN e.answer ELSE 'unknown' END AS answer, coalesce(e.doubt, e.reason) AS reason,
  e.focus, e.holder, e.source, e.patient, e.clinician, e.npi, e.tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, e.codings, e.display, e.counterpart, e.identifier, e.detail, e.setting, e.visit_class, e.grade, e.rank,
  e.rule, e.zone_assumed
FROM told AS e
WHERE NOT (coalesce(e.detail, '') = 'not electronic' AND EXISTS (
  SELECT 1 FROM told AS t WHERE t.kind = e.kind AND t.focus = e.focus AND t.rule = e.rule AND t.answer = 'met' AND t.doubt IS NULL
))
;

-- table: seen_reporter
-- Everyone to whom any fact of any year belongs.
SELECT DISTINCT tin, npi FROM fact WHERE tin IS NOT NULL OR npi IS NOT NULL
;

-- table: prescribed
-- The codings of all drugs that were prescribed, as one text each; empty where the order is not coded.
SELECT DISTINCT coalesce(codings, '') AS codings
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
