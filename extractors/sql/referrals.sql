-- Referrals and transitions made, and what was sent and received for each.
-- Reads: order_fact, superseded (orders.sql); fact, verdict, actor, belonging; closed, shared_ehr, setting.

-- table: recipient_place
-- Where the performers of referrals work: an organization itself, that of a role, those of all roles of a practitioner.
SELECT r.counterpart, a.tin, coalesce(o.value, r.counterpart) AS organization
FROM (SELECT DISTINCT counterpart FROM order_fact WHERE kind = 'referral-made') AS r
LEFT JOIN actor AS a ON a.actor = r.counterpart
LEFT JOIN current_directory AS o ON o.key = r.counterpart AND o.attribute = 'organization'
WHERE a.practitioner IS NULL OR a.practitioner <> r.counterpart
UNION
SELECT p.value, a.tin, o.value
FROM current_directory AS p
LEFT JOIN actor AS a ON a.actor = p.key
LEFT JOIN current_directory AS o ON o.key = p.key AND o.attribute = 'organization'
LEFT JOIN current_directory AS i ON i.key = p.key AND i.attribute = 'inactive'
WHERE p.attribute = 'practitioner' AND i.key IS NULL
;

-- table: shared_recipient
-- Referrals to who may use the EHR of the one who asks: of the same TIN, or of an organization that the site names. A
-- practitioner of several places shares it for certain only if all of them do.
SELECT r.focus,
  CASE WHEN min(CASE WHEN p.tin = r.tin OR s.organization IS NOT NULL THEN 1 ELSE 0 END) = 1 THEN 'yes' ELSE 'unknown' END AS shares
FROM order_fact AS r
JOIN recipient_place AS p ON p.counterpart = r.counterpart
LEFT JOIN (
  SELECT organization FROM shared_ehr
  UNION
  SELECT b.key FROM shared_ehr AS n JOIN belonging AS b ON b.owner = n.organization
) AS s ON s.organization = p.organization
WHERE r.kind = 'referral-made'
GROUP BY r.focus
HAVING max(CASE WHEN p.tin = r.tin OR s.organization IS NOT NULL THEN 1 ELSE 0 END) = 1
;

-- table: own_referral
-- Referrals that count as sent by us, each record by itself. What replaced a referral takes its place only if it counts.
SELECT r.focus, r.patient, r.npi, r.tin, r.day_from, r.day_to, r.counterpart, r.code_system, r.code,
  CASE WHEN e.exclude_shared_ehr AND h.shares = 'unknown' THEN 'unknown' ELSE r.answer END AS answer,
  CASE WHEN e.exclude_shared_ehr AND h.shares = 'unknown'
    THEN 'whether the recipient uses the same EHR is not known: it works in several places' ELSE r.reason END AS reason
FROM order_fact AS r
CROSS JOIN setting AS e
LEFT JOIN shared_recipient AS h ON h.focus = r.focus
LEFT JOIN (
  SELECT DISTINCT x.focus FROM superseded AS x JOIN order_fact AS n ON n.focus = x.successor AND n.kind = 'referral-made'
  LEFT JOIN verdict AS u ON u.focus = n.focus AND u.kind = 'summary-sent'
  WHERE NOT (coalesce(n.detail, '') = 'revoked' AND coalesce(u.answer, '') <> 'met')
) AS x ON x.focus = r.focus
LEFT JOIN actor AS p ON p.actor = r.counterpart
LEFT JOIN verdict AS s ON s.focus = r.focus AND s.kind = 'summary-sent'
WHERE r.kind = 'referral-made'
  AND NOT (coalesce(r.detail, '') = 'revoked' AND coalesce(s.answer, '') <> 'met')
  AND NOT (r.npi IS NULL AND r.tin IS NULL AND (p.npi IS NOT NULL OR p.tin IS NOT NULL))
  AND NOT coalesce(p.npi = r.npi, FALSE)
  AND x.focus IS NULL AND NOT (e.exclude_shared_ehr AND coalesce(h.shares, '') = 'yes')
;

-- table: outgoing_record
-- Referrals and transitions where we send: the requester is ours and the performer is another, in another EHR unless
-- the site includes those of its own, for all patients alike. A revoked referral counts only if something was sent,
-- a replaced one not at all where its replacement is there. A transition of the same patient, reporter and day as a
-- referral is the same move and counts once.
SELECT * FROM own_referral
UNION
SELECT t.focus, coalesce(t.patient, v.patient), coalesce(t.npi, v.npi), coalesce(t.tin, v.tin), t.day_from, t.day_to,
  NULL, NULL, NULL, t.answer, t.reason
FROM fact AS t
LEFT JOIN fact AS v ON v.kind = 'patient-seen' AND v.focus = t.focus AND t.npi IS NULL
WHERE t.kind = 'transition-made' AND t.answer <> 'not_met' AND NOT EXISTS (
  SELECT 1 FROM own_referral AS r WHERE r.day_from = t.day_from
    AND r.patient = coalesce(t.patient, v.patient) AND coalesce(r.npi, '') = coalesce(t.npi, v.npi, '')
)
;

-- table: sent_document
-- One row per document that was sent for a move, by the best ranked evidence, and whether it is a complete C-CDA,
-- or of a form that can be: 2 yes, 1 not known, 0 no. The form of a document that is not in the data is not known; who
-- asserts that a summary was sent vouches for its form. The referral itself is no document.
SELECT f.focus, f.counterpart, f.day_from, f.day_to, f.grade, d.reason,
  CASE WHEN f.grade = 'asserted' AND f.counterpart IS NULL THEN 2
    WHEN d.answer = 'met' THEN 2 WHEN d.answer = 'not_met' THEN 0 ELSE 1 END AS form
FROM fact AS f
JOIN (
  SELECT focus, min(rank) AS rank FROM fact WHERE kind = 'summary-sent' AND answer = 'met' GROUP BY focus
) AS b ON b.focus = f.focus AND b.rank = f.rank
LEFT JOIN verdict AS d ON d.focus = f.counterpart AND d.kind = 'summary-complete'
WHERE f.kind = 'summary-sent' AND f.answer = 'met' AND coalesce(f.counterpart, '') <> f.focus
;

-- table: sent_best
-- Of the documents sent for a move, those of the best form speak; the first of them gives the day.
SELECT d.focus, max(d.form) AS form, min(d.reason) AS reason, min(d.day_from) AS day_from, min(d.day_to) AS day_to
FROM sent_document AS d
JOIN (SELECT focus, max(form) AS form FROM sent_document GROUP BY focus) AS b ON b.focus = d.focus AND b.form = d.form
GROUP BY d.focus
;

-- table: sent_summary
-- One row per outgoing move: summary sent, any of the documents in a form that can hold C-CDA, and its receipt
-- confirmed.
SELECT o.focus, s.answer AS sent, s.reason AS sent_reason, k.answer AS received, k.reason AS received_reason,
  CASE d.form WHEN 2 THEN 'met' WHEN 0 THEN 'not_met' ELSE 'unknown' END AS complete, d.reason AS form_reason,
  coalesce(d.day_from, s.day_from) AS sent_from, coalesce(d.day_to, s.day_to) AS sent_on,
  k.day_from AS received_from, k.day_to AS received_on,
  CASE WHEN s.grade = 'asserted' OR k.grade = 'asserted' THEN 'asserted'
    WHEN s.grade = 'proxy' OR k.grade = 'proxy' THEN 'proxy'
    WHEN s.grade = 'standard' OR k.grade = 'standard' THEN 'standard' ELSE s.grade END AS grade
FROM (SELECT DISTINCT focus FROM outgoing_record) AS o
LEFT JOIN verdict AS s ON s.focus = o.focus AND s.kind = 'summary-sent'
LEFT JOIN verdict AS k ON k.focus = o.focus AND k.kind = 'receipt-confirmed'
LEFT JOIN sent_best AS d ON d.focus = o.focus
;

-- table: outgoing
-- Outgoing moves. Several records of one reporter, patient, recipient, local day and code are one referral that was entered or
-- sent again (fhir-mapping 7): the one that came furthest stands for all, and `note` says so.
SELECT focus, patient, npi, tin, day_from, day_to, answer, reason,
  CASE WHEN lone = '' AND records > 1 THEN '; counted once, though recorded more than once for this patient, recipient, day and code'
    ELSE '' END AS note
FROM (
  SELECT k.focus, k.patient, k.npi, k.tin, k.day_from, k.day_to, k.answer, k.reason, k.lone,
    count(*) OVER (PARTITION BY k.lone, k.npi, k.tin, k.patient, k.counterpart, k.day_from, k.code_system, k.code) AS records,
    row_number() OVER (
      PARTITION BY k.lone, k.npi, k.tin, k.patient, k.counterpart, k.day_from, k.code_system, k.code
      ORDER BY CASE WHEN k.answer = 'met' THEN 0 ELSE 1 END NULLS LAST,
        CASE WHEN s.sent = 'met' AND s.received = 'met' AND s.complete = 'met' THEN 0
          WHEN s.sent = 'not_met' OR s.received = 'not_met' OR s.complete = 'not_met' THEN 2 ELSE 1 END NULLS LAST,
        CASE WHEN s.sent = 'met' THEN 0 ELSE 1 END NULLS LAST, k.focus NULLS LAST, k.day_to NULLS LAST,
        k.answer NULLS LAST, k.reason NULLS LAST
    ) AS place
  FROM (
    SELECT o.*, CASE WHEN o.counterpart IS NULL OR o.code IS NULL OR o.patient IS NULL OR o.day_from IS NULL OR o.day_from <> o.day_to
      THEN o.focus ELSE '' END AS lone
    FROM outgoing_record AS o
  ) AS k
  LEFT JOIN sent_summary AS s ON s.focus = k.focus
) AS ranked
WHERE lone <> '' OR place = 1
;
