-- Cases: one row per measure, reporter and thing that is counted, with the answer and its reason.
-- Reads: fact, verdict and who is who (facts.sql); drug, calendar, closed (kind), standing, shared_ehr, setting. `member` is yes or
-- unknown; what is no member is no case. `occurred` to `occurred_to` are local days, equal unless the date
-- is partial; null when there is none. `met_from` to `met_on` are the days of the numerator act. `unit` is what a
-- tally counts once, where several cases are one.

-- table: order_fact
-- One fact per order or referral: of its copies the one that names its clinician speaks, the smallest key
-- among several.
SELECT * FROM (
  SELECT f.*, row_number() OVER (
    PARTITION BY f.kind, f.focus
    ORDER BY CASE WHEN f.npi IS NULL THEN 1 ELSE 0 END NULLS LAST, CASE WHEN f.tin IS NULL THEN 1 ELSE 0 END NULLS LAST,
      f.source NULLS LAST, f.tin NULLS LAST
  ) AS place
  FROM fact AS f WHERE f.kind IN ('prescription-written', 'referral-made') AND f.answer <> 'not_met'
) AS ranked
WHERE place = 1
;

-- table: replaced_order
-- Orders and what names them as replaced (MedicationRequest.priorPrescription, ServiceRequest.replaces).
SELECT DISTINCT x.target AS focus, coalesce(c.same_as, x.source) AS successor
FROM current_reference AS x
LEFT JOIN canonical AS c ON c.key = x.source
WHERE x.relation = 'replaces-order' AND x.target <> coalesce(c.same_as, x.source)
;

-- table: order_chain
-- Orders and all that came in their place, directly or over up to two others.
SELECT focus, successor FROM replaced_order
UNION
SELECT a.focus, b.successor FROM replaced_order AS a JOIN replaced_order AS b ON b.focus = a.successor
UNION
SELECT a.focus, d.successor FROM replaced_order AS a
JOIN replaced_order AS b ON b.focus = a.successor
JOIN replaced_order AS d ON d.focus = b.successor
;

-- table: superseded
-- Orders and all that came in their place. Of orders that replace each other in a circle none gives way.
SELECT a.focus, a.successor
FROM order_chain AS a
LEFT JOIN order_chain AS b ON b.focus = a.successor AND b.successor = a.focus
WHERE b.focus IS NULL
;

-- table: written_prescription
-- One row per written prescription of a clinician. A cancelled one counts only if it was transmitted; one that
-- names no setting does not count when it was written during an inpatient stay. A transmission without a time comes
-- no earlier than the order.
SELECT w.focus, w.patient, w.npi, w.tin, w.day_from, w.day_to, d.code_system, d.code, d.schedule, d.opioid, d.class,
  CASE
    WHEN w.answer = 'unknown' THEN 'unknown'
    WHEN d.class = 'unknown' THEN 'unknown'
    ELSE 'yes'
  END AS member,
  CASE WHEN w.answer = 'unknown' THEN w.reason WHEN d.class = 'unknown' THEN d.reason END AS doubt,
  CASE WHEN d.schedule IN ('II', 'III', 'IV', 'V') THEN 'yes' WHEN d.schedule = 'none' THEN 'no' ELSE 'unknown' END AS controlled,
  coalesce(t.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END) AS sent,
  CASE
    WHEN t.answer IS NULL AND c.kind IS NULL THEN 'no sign of transmission; this source does not show that there was none'
    WHEN t.answer IS NULL THEN 'no transmission on record, and the site vouches that every one is recorded'
    ELSE t.reason
  END AS sent_reason,
  t.grade, coalesce(t.from_utc, w.from_utc) AS sent_from, t.to_utc AS sent_to,
  coalesce(t.day_from, w.day_from) AS sent_day_from, coalesce(t.day_to, w.day_to) AS sent_day_to
FROM order_fact AS w
JOIN drug AS d ON d.codings = coalesce(w.codings, '')
LEFT JOIN verdict AS t ON t.focus = w.focus AND t.kind = 'prescription-transmitted'
LEFT JOIN closed AS c ON c.kind = 'prescription-transmitted'
WHERE w.kind = 'prescription-written'
  AND NOT (d.class IN ('otc', 'supply') AND d.schedule NOT IN ('II', 'III', 'IV', 'V'))
  AND NOT (coalesce(w.detail, '') = 'cancelled' AND coalesce(t.answer, '') <> 'met')
  AND NOT (w.setting IS NULL AND coalesce(w.visit_class, '') IN ('IMP', 'ACUTE', 'NONAC'))
  AND NOT (coalesce(w.clinician, '') LIKE 'Patient/%' OR coalesce(w.clinician, '') LIKE '%!Patient/%'
    OR coalesce(w.clinician, '') LIKE 'RelatedPerson/%' OR coalesce(w.clinician, '') LIKE '%!RelatedPerson/%')
;

-- table: changed_prescription
-- Where the site collapses changes: prescriptions in whose place came another of the same clinician, patient, local day and
-- drug (the same code; ingredients are not known here). It stands beside its successor only if it was sent and
-- the successor was not: yes, no or unknown (docs/adr/0010).
SELECT a.focus, a.npi, a.tin,
  CASE WHEN a.sent = 'not_met' OR max(CASE WHEN b.sent = 'met' THEN 1 ELSE 0 END) = 1 THEN 'no'
    WHEN a.sent = 'met' AND max(CASE WHEN b.sent = 'not_met' THEN 0 ELSE 1 END) = 0 THEN 'yes'
    ELSE 'unknown' END AS stands
FROM written_prescription AS a
CROSS JOIN setting AS s
JOIN superseded AS r ON r.focus = a.focus
JOIN written_prescription AS b ON b.focus = r.successor AND b.patient = a.patient AND b.code_system = a.code_system AND b.code = a.code
  AND b.day_from = a.day_from AND coalesce(b.npi, '') = coalesce(a.npi, '') AND coalesce(b.tin, '') = coalesce(a.tin, '')
WHERE s.collapse_changes AND a.code <> '' AND a.day_from = a.day_to AND b.day_from = b.day_to
GROUP BY a.focus, a.npi, a.tin, a.sent
;

-- table: prescription
-- Written prescriptions, without those that a change of the same day took the place of where the site says so.
SELECT w.focus, w.patient, w.npi, w.tin, w.day_from, w.day_to, w.schedule, w.opioid, w.class,
  CASE WHEN c.stands = 'unknown' THEN 'unknown' ELSE w.member END AS member,
  CASE WHEN c.stands = 'unknown' THEN 'replaced on the same day; which of the two was sent is not known' ELSE w.doubt END AS doubt,
  w.controlled, w.sent, w.sent_reason, w.grade, w.sent_from, w.sent_to, w.sent_day_from, w.sent_day_to
FROM written_prescription AS w
LEFT JOIN changed_prescription AS c ON c.focus = w.focus
  AND coalesce(c.npi, '') = coalesce(w.npi, '') AND coalesce(c.tin, '') = coalesce(w.tin, '')
WHERE coalesce(c.stands, 'yes') <> 'no'
;

-- table: queried_prescription
-- In-scope prescriptions (Schedule II opioid, or III or IV; a schedule not known stays undecided) with the
-- last PDMP query of the patient before transmission and within the look-back.
SELECT p.focus, p.patient, p.npi, p.tin, p.sent_day_from, p.sent_day_to, p.sent, p.sent_reason, p.doubt, p.member,
  max(CASE WHEN q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.day_from END) AS query_from,
  max(CASE WHEN q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.day_to END) AS query_on,
  max(CASE WHEN q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.grade END) AS grade,
  max(CASE WHEN q.to_utc >= p.sent_from AND (q.from_utc <= p.sent_to OR (p.sent_to IS NULL AND q.day_from <= p.sent_day_to))
    THEN 1 ELSE 0 END) AS same_time
FROM prescription AS p
CROSS JOIN setting AS s
LEFT JOIN calendar AS a ON a.day = p.sent_day_from
LEFT JOIN fact AS q ON q.kind = 'pdmp-queried' AND q.answer = 'met' AND coalesce(q.patient, q.focus) = p.patient
LEFT JOIN calendar AS b ON b.day = q.day_from
WHERE p.sent <> 'not_met' AND (p.schedule IN ('III', 'IV', 'unknown') OR (p.schedule = 'II' AND p.opioid = 1))
GROUP BY p.focus, p.patient, p.npi, p.tin, p.sent_day_from, p.sent_day_to, p.sent, p.sent_reason, p.doubt, p.member
;

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

-- table: outgoing_record
-- Referrals and transitions where we send: the requester is ours and the performer is another, in another EHR unless
-- the site includes those of its own, for all patients alike. A revoked referral counts only if something was sent,
-- a replaced one not at all where its replacement is there. A transition
-- of the same patient, reporter and day as a referral is the same move and counts once.
SELECT r.focus, r.patient, r.npi, r.tin, r.day_from, r.day_to, r.counterpart, r.code_system, r.code,
  CASE WHEN e.exclude_shared_ehr AND h.shares = 'unknown' THEN 'unknown' ELSE r.answer END AS answer,
  CASE WHEN e.exclude_shared_ehr AND h.shares = 'unknown'
    THEN 'whether the recipient uses the same EHR is not known: it works in several places' ELSE r.reason END AS reason
FROM order_fact AS r
CROSS JOIN setting AS e
LEFT JOIN shared_recipient AS h ON h.focus = r.focus
LEFT JOIN (
  SELECT DISTINCT x.focus FROM superseded AS x JOIN order_fact AS n ON n.focus = x.successor AND n.kind = 'referral-made'
) AS x ON x.focus = r.focus
LEFT JOIN actor AS p ON p.actor = r.counterpart
LEFT JOIN verdict AS s ON s.focus = r.focus AND s.kind = 'summary-sent'
WHERE r.kind = 'referral-made'
  AND NOT (coalesce(r.detail, '') = 'revoked' AND coalesce(s.answer, '') <> 'met')
  AND NOT (r.npi IS NULL AND r.tin IS NULL AND (p.npi IS NOT NULL OR p.tin IS NOT NULL))
  AND NOT coalesce(p.npi = r.npi, FALSE)
  AND x.focus IS NULL AND NOT (e.exclude_shared_ehr AND coalesce(h.shares, '') = 'yes')
UNION
SELECT t.focus, coalesce(t.patient, v.patient), coalesce(t.npi, v.npi), coalesce(t.tin, v.tin), t.day_from, t.day_to,
  NULL, NULL, NULL, t.answer, t.reason
FROM fact AS t
LEFT JOIN fact AS v ON v.kind = 'patient-seen' AND v.focus = t.focus AND t.npi IS NULL
WHERE t.kind = 'transition-made' AND t.answer <> 'not_met' AND NOT EXISTS (
  SELECT 1 FROM fact AS r WHERE r.kind = 'referral-made' AND r.answer <> 'not_met' AND r.day_from = t.day_from
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
        CASE WHEN s.sent = 'met' THEN 0 ELSE 1 END NULLS LAST, k.focus NULLS LAST
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

-- table: seen
-- One row per visit and clinician, and whether an earlier visit of that patient is known, in any setting: with
-- that clinician, or with anyone of the TIN. `ambulatory` visits (AMB, VR, HH) are those of PI_PEA_1, from
-- which a site may take out telehealth (VR), and contexts of PI_HIE_4; a profile that states no setting selects those only.
SELECT v.focus, v.patient, v.npi, v.tin, v.day_from, v.day_to, v.answer, v.reason,
  CASE WHEN v.setting IS NULL OR v.setting IN ('AMB', 'VR', 'HH') THEN 1 ELSE 0 END AS ambulatory,
  max(CASE WHEN e.to_utc < v.from_utc AND coalesce(e.npi, e.clinician, e.tin) = coalesce(v.npi, v.clinician, v.tin)
    THEN 1 ELSE 0 END) AS seen_before,
  max(CASE WHEN e.to_utc < v.from_utc AND e.tin = v.tin THEN 1 ELSE 0 END) AS seen_in_tin, v.setting
FROM fact AS v
LEFT JOIN fact AS e ON e.kind = 'patient-seen' AND e.answer = 'met' AND e.patient = v.patient
  AND (e.tin = v.tin OR coalesce(e.npi, e.clinician, e.tin) = coalesce(v.npi, v.clinician, v.tin))
WHERE v.kind = 'patient-seen' AND v.answer <> 'not_met'
GROUP BY v.focus, v.patient, v.npi, v.tin, v.day_from, v.day_to, v.answer, v.reason, v.setting
;

-- table: handed_over
-- Transitions received, with the patient, clinician and day of their visit, and whether that patient was seen before.
-- One of which it is not known whether it took place is no certain one.
SELECT t.focus, t.patient, t.npi, t.tin, t.day_from, t.detail, t.certain,
  max(CASE WHEN coalesce(e.npi, e.clinician, e.tin) = coalesce(t.npi, t.clinician, t.tin) THEN 1 ELSE 0 END) AS seen_before,
  max(CASE WHEN e.tin = t.tin THEN 1 ELSE 0 END) AS seen_in_tin
FROM (
  SELECT f.focus, coalesce(f.patient, s.patient) AS patient, coalesce(v.npi, f.npi) AS npi, f.clinician, coalesce(v.tin, f.tin) AS tin,
    coalesce(f.day_from, s.day_from) AS day_from, f.from_utc, f.detail, CASE WHEN f.answer = 'met' THEN 'yes' ELSE 'unknown' END AS certain
  FROM fact AS f
  LEFT JOIN (SELECT DISTINCT focus, patient, day_from FROM seen) AS s ON s.focus = f.focus
  LEFT JOIN seen AS v ON v.focus = f.focus AND (f.npi IS NULL OR v.npi = f.npi)
  WHERE f.kind = 'transition-received' AND f.answer <> 'not_met'
) AS t
LEFT JOIN fact AS e ON e.kind = 'patient-seen' AND e.answer = 'met' AND e.patient = t.patient AND e.to_utc < t.from_utc
GROUP BY t.focus, t.patient, t.npi, t.tin, t.day_from, t.detail, t.certain
;

-- table: incoming
-- Contexts in which a received summary counts: a transition or referral received, or a patient never seen
-- before. New is certain only where history is proven to reach back, or by a new-patient visit code that no
-- earlier visit refutes. A patient whom a partner saw before is new to the clinician, but not to the group
-- (`in_group`). A referral that was revoked is none.
SELECT focus, patient, npi, tin, day_from AS day, certain,
  CASE WHEN coalesce(detail, '') = 'new patient' AND seen_in_tin = 1 THEN 'no' ELSE 'yes' END AS in_group
FROM handed_over
WHERE NOT (coalesce(detail, '') = 'new patient' AND seen_before = 1)
UNION
SELECT focus, patient, npi, tin, day_from, 'yes', 'yes' FROM fact
WHERE kind = 'referral-received' AND answer = 'met' AND coalesce(detail, '') <> 'revoked' AND (npi IS NOT NULL OR tin IS NOT NULL)
UNION
SELECT v.focus, v.patient, v.npi, v.tin, v.day_from,
  CASE WHEN s.history_from IS NOT NULL AND s.history_from <= v.day_from AND v.answer = 'met' THEN 'yes' ELSE 'unknown' END,
  CASE WHEN v.seen_in_tin = 1 THEN 'no' ELSE 'yes' END
FROM seen AS v CROSS JOIN setting AS s
WHERE v.seen_before = 0 AND v.ambulatory = 1
;

-- table: replaced_document
-- Received documents whose replacement was received too: the replacement is the one that counts.
SELECT DISTINCT x.target AS focus
FROM current_reference AS x
JOIN fact AS d ON d.source = x.source AND d.kind = 'summary-complete'
JOIN fact AS r ON r.kind = 'summary-received' AND r.answer = 'met' AND r.focus = d.focus
WHERE x.relation = 'replaces' AND x.target <> d.focus
;

-- table: incomplete_document
-- Documents that are C-CDA by their own content and lack a section of the three: who sent one sent no complete
-- summary, but who received it has a summary to reconcile.
SELECT DISTINCT f.focus
FROM fact AS f
JOIN (
  SELECT focus, min(rank) AS rank FROM fact WHERE kind = 'summary-complete' AND answer <> 'unknown' GROUP BY focus
) AS b ON b.focus = f.focus AND b.rank = f.rank
WHERE f.kind = 'summary-complete' AND f.detail = 'incomplete'
;

-- table: received_document
-- One row per received document: its patient, the days of its receipt, and whether it is surely a summary of
-- care. A PDF, a draft or a document entered in error is none; of a form that is not shown it is not known,
-- unless the receipt itself is asserted to be that of a summary.
SELECT f.focus, d.patient, f.npi, f.tin, min(f.day_from) AS day_from, min(f.day_to) AS day_to,
  max(CASE WHEN f.answer = 'met' AND (f.grade = 'asserted' OR v.answer = 'met' OR i.focus IS NOT NULL) THEN 1 ELSE 0 END) AS sure
FROM fact AS f
LEFT JOIN (SELECT focus, min(patient) AS patient FROM fact WHERE kind = 'summary-complete' GROUP BY focus) AS d ON d.focus = f.focus
LEFT JOIN verdict AS v ON v.focus = f.focus AND v.kind = 'summary-complete'
LEFT JOIN incomplete_document AS i ON i.focus = f.focus
LEFT JOIN replaced_document AS x ON x.focus = f.focus
WHERE f.kind = 'summary-received' AND f.answer <> 'not_met' AND x.focus IS NULL
  AND (coalesce(v.answer, '') <> 'not_met' OR i.focus IS NOT NULL)
GROUP BY f.focus, d.patient, f.npi, f.tin
;

-- table: received_context
-- One row per received document and context of its patient. A document that names no clinician belongs to the
-- clinicians of its patient's contexts; a document whose patient is not known keeps its reporter, if it names
-- one, and has no context: it is never dropped, and never counted.
SELECT r.focus, r.patient, r.sure, r.day_from, r.day_to, c.day, coalesce(c.certain, 'unknown') AS certain,
  coalesce(c.in_group, 'yes') AS in_group,
  CASE WHEN r.patient IS NULL THEN r.npi ELSE c.npi END AS npi, CASE WHEN r.patient IS NULL THEN r.tin ELSE c.tin END AS tin
FROM received_document AS r
LEFT JOIN incoming AS c ON c.patient = r.patient AND (
  (r.npi IS NULL AND r.tin IS NULL)
  OR (c.tin = r.tin AND (r.npi IS NULL OR c.npi = r.npi))
  OR (r.tin IS NULL AND c.npi = r.npi)
)
WHERE r.patient IS NULL OR c.patient IS NOT NULL
;

-- table: received_summary
-- One row per received document and reporter. Which contexts fall in a period is decided period by period; the
-- nearest certain ones before and after the receipt are shown.
SELECT focus, patient, npi, tin, min(day_from) AS day_from, min(day_to) AS day_to, max(sure) AS sure,
  max(CASE WHEN certain = 'yes' THEN 1 ELSE 0 END) AS certain,
  max(CASE WHEN certain = 'yes' AND day <= day_to THEN day END) AS context_before,
  min(CASE WHEN certain = 'yes' AND day >= day_from THEN day END) AS context_after
FROM received_context
GROUP BY focus, patient, npi, tin
;

-- table: reconciliation
-- One row per document: all three lists reconciled on that very document, or not, or not shown.
SELECT d.focus,
  CASE
    WHEN min(coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END)) = 'met'
      AND max(coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END)) = 'met' THEN 'met'
    WHEN max(CASE WHEN coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END) = 'not_met' THEN 1 ELSE 0 END) = 1
      THEN 'not_met'
    ELSE 'unknown'
  END AS met,
  sum(CASE WHEN v.answer = 'met' THEN 1 ELSE 0 END) AS lists,
  max(v.day_from) AS met_from, max(v.day_to) AS met_on, min(v.day_to) AS first_on, min(v.grade) AS grade
FROM (SELECT DISTINCT focus FROM received_summary) AS d
CROSS JOIN (
  SELECT 'medications-reconciled' AS kind UNION ALL SELECT 'allergies-reconciled' UNION ALL SELECT 'problems-reconciled'
) AS k
LEFT JOIN verdict AS v ON v.focus = d.focus AND v.kind = k.kind
LEFT JOIN closed AS c ON c.kind = k.kind
GROUP BY d.focus
;

-- table: appended_document
-- Received documents that were appended to another received one (DocumentReference.relatesTo appends).
SELECT coalesce(c.same_as, x.source) AS focus, min(x.target) AS whole
FROM current_reference AS x
LEFT JOIN canonical AS c ON c.key = x.source
JOIN (SELECT DISTINCT focus FROM received_summary) AS d ON d.focus = x.target
WHERE x.relation = 'appends' AND x.target <> coalesce(c.same_as, x.source)
GROUP BY coalesce(c.same_as, x.source)
;

-- table: reconciled_summary
-- One row per received document and reporter, with the document that it is a part of and the answer of its three lists.
-- A list that was reconciled on a day before the document came contradicts the receipt: one of the days is wrong.
SELECT d.focus, d.patient, d.npi, d.tin, d.day_from, d.day_to, d.sure, d.certain, d.context_before, d.context_after,
  coalesce(b.whole, a.whole, d.focus) AS whole,
  CASE WHEN r.met = 'met' AND r.first_on < d.day_from THEN 'unknown' ELSE r.met END AS met,
  CASE WHEN r.met = 'met' AND r.first_on < d.day_from THEN 1 ELSE 0 END AS too_early,
  r.lists, r.met_from, r.met_on, r.grade
FROM received_summary AS d
JOIN reconciliation AS r ON r.focus = d.focus
LEFT JOIN appended_document AS a ON a.focus = d.focus
LEFT JOIN appended_document AS b ON b.focus = a.whole
;

-- table: session
-- Where the site counts sessions: documents with all that was appended to them whose three lists were completed on one
-- local day, and that day. What one reporter completed for one patient on it is one session.
SELECT d.whole, d.npi, d.tin, min(d.met_on) AS day
FROM reconciled_summary AS d
CROSS JOIN setting AS s
WHERE s.recon_by_session
GROUP BY d.whole, d.npi, d.tin
HAVING min(d.met) = 'met' AND max(d.met) = 'met' AND min(d.met_from) = max(d.met_on)
;

-- table: deadline
-- One row per visit: the end of the fourth business day after the information was available. What is dated by
-- a month or a year alone has no deadline that is known.
SELECT s.focus, max(d.day) AS day
FROM (SELECT DISTINCT focus, patient, day_from, day_to FROM seen WHERE ambulatory = 1) AS s
LEFT JOIN verdict AS i ON i.focus = s.focus AND i.kind = 'information-available' AND i.answer = 'met'
JOIN calendar AS a ON a.day = coalesce(i.day_from, s.day_from)
CROSS JOIN setting AS t
JOIN calendar AS d ON d.business = a.business + t.access_business_days AND d.is_business
WHERE coalesce(i.day_from, s.day_from) = coalesce(i.day_to, s.day_to)
GROUP BY s.focus
;

-- table: standing_access
-- Every access fact with the day on which it ended: its own end, or the first withdrawal from its holder after it. A policy of
-- the site holds for each patient until it ends, or is withdrawn from that patient. A withdrawal itself is the
-- fact that there was none, though no grant is shown.
SELECT f.kind, f.focus, f.holder, f.source, f.day_from, f.day_to, f.grade,
  CASE WHEN f.kind = 'access-withdrawn' AND f.answer = 'met' THEN 'not_met' ELSE f.answer END AS answer,
  CASE WHEN min(w.day_from) < coalesce(min(f.ended_day), '9999') THEN min(w.day_from) ELSE min(f.ended_day) END AS ended_day
FROM fact AS f
LEFT JOIN fact AS w ON w.kind = 'access-withdrawn' AND w.answer = 'met' AND w.holder = f.holder AND w.day_from >= f.day_from
WHERE f.kind IN ('access-vdt', 'access-api', 'access-declined', 'access-withdrawn')
GROUP BY f.kind, f.focus, f.holder, f.answer, f.source, f.day_from, f.day_to, f.grade
UNION ALL
SELECT s.kind, p.subject, p.subject, 'site settings', s.day_from, s.day_from, 'native', 'met',
  CASE WHEN min(w.day_from) < coalesce(s.ended_day, '9999') THEN min(w.day_from) ELSE s.ended_day END
FROM standing AS s
CROSS JOIN (SELECT DISTINCT coalesce(patient, focus) AS subject FROM seen WHERE ambulatory = 1) AS p
LEFT JOIN fact AS w ON w.kind = 'access-withdrawn' AND w.answer = 'met' AND w.holder = p.subject AND w.day_from >= s.day_from
WHERE s.kind IN ('access-vdt', 'access-api', 'access-declined')
GROUP BY s.kind, p.subject, s.day_from, s.ended_day
;

-- table: access
-- One row per visit and channel: whether access was in force at the deadline. A fact about the visit counts
-- for that visit; a fact about the patient, or a policy of the site, stands from its day until it ends.
SELECT s.focus, k.kind, d.day AS deadline,
  max(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day) THEN 1 ELSE 0 END) AS granted,
  max(CASE WHEN g.answer <> 'unknown' AND (g.kind <> 'access-withdrawn' OR g.day_to <= d.day) THEN 1 ELSE 0 END) AS mentioned,
  min(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day)
    THEN CASE WHEN g.day_from > s.day_from THEN g.day_from ELSE s.day_from END END) AS met_from,
  min(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day)
    THEN CASE WHEN g.day_to > s.day_to THEN g.day_to ELSE s.day_to END END) AS met_on,
  max(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day) THEN
    CASE g.grade WHEN 'native' THEN 1 WHEN 'standard' THEN 2 WHEN 'proxy' THEN 3 ELSE 4 END END) AS weakness
FROM (SELECT DISTINCT focus, patient, day_from, day_to FROM seen) AS s
CROSS JOIN (SELECT 'access-vdt' AS kind UNION ALL SELECT 'access-api') AS k
JOIN deadline AS d ON d.focus = s.focus
LEFT JOIN standing_access AS g ON (g.kind = k.kind OR g.kind IN ('access-declined', 'access-withdrawn'))
  AND (g.focus = s.focus OR g.focus = s.patient)
GROUP BY s.focus, k.kind, d.day
;

-- table: visit_access
-- One row per visit: both channels in force at the deadline, or one proven not to be, or not shown. A deadline that
-- the data do not reach is pending: they end where the site says, else before the last day that anything in them bears.
SELECT a.focus, min(a.deadline) AS deadline, max(a.pending) AS pending,
  CASE WHEN min(a.granted) = 1 THEN 'met'
    WHEN max(a.pending) = 1 THEN 'unknown'
    WHEN max(CASE WHEN a.granted = 0 AND (a.mentioned = 1 OR c.kind IS NOT NULL) THEN 1 ELSE 0 END) = 1 THEN 'not_met'
    ELSE 'unknown' END AS met,
  max(a.met_from) AS met_from, max(a.met_on) AS met_on, max(a.weakness) AS weakness, sum(a.granted) AS channels
FROM (
  SELECT g.*, CASE WHEN g.deadline > t.data_until OR (t.data_until IS NULL AND g.deadline >= e.day) THEN 1 ELSE 0 END AS pending
  FROM access AS g
  CROSS JOIN setting AS t
  CROSS JOIN (SELECT max(day_from) AS day FROM fact WHERE answer <> 'not_met') AS e
) AS a
LEFT JOIN closed AS c ON c.kind = a.kind
GROUP BY a.focus
;

-- table: possible_context
-- Contexts of `incoming`, and transitions and referrals of which it is not known whether they were received.
SELECT i.focus, i.patient, i.npi, i.tin, i.day, i.certain, i.in_group, CASE WHEN r.focus IS NULL THEN 0 ELSE 1 END AS referral
FROM incoming AS i
LEFT JOIN (SELECT DISTINCT focus FROM fact WHERE kind = 'referral-received') AS r ON r.focus = i.focus
UNION
SELECT f.focus, coalesce(f.patient, v.patient), coalesce(f.npi, v.npi), coalesce(f.tin, v.tin), coalesce(f.day_from, v.day_from),
  'unknown', 'yes', CASE WHEN f.kind = 'referral-received' THEN 1 ELSE 0 END
FROM fact AS f
LEFT JOIN seen AS v ON v.focus = f.focus AND (f.npi IS NULL OR v.npi = f.npi)
WHERE f.kind IN ('transition-received', 'referral-received') AND f.answer = 'unknown' AND coalesce(f.detail, '') <> 'revoked'
;

-- table: answered_referral
-- Referrals received whose patient then came for the first time, to the one who was asked. Where the visit names the
-- referral, or falls on its day, the two are one context and `visit` names it; else they may be one, or two.
SELECT r.focus, r.npi, r.tin, min(CASE WHEN x.source IS NOT NULL OR v.day = r.day THEN v.focus END) AS visit
FROM possible_context AS r
JOIN possible_context AS v ON v.referral = 0 AND v.patient = r.patient AND v.day >= r.day
  AND (r.npi IS NULL OR v.npi = r.npi) AND (r.tin IS NULL OR v.tin = r.tin)
LEFT JOIN current_reference AS x ON x.relation = 'based-on' AND x.source = v.focus AND x.target = r.focus
WHERE r.referral = 1
GROUP BY r.focus, r.npi, r.tin
;

-- table: incoming_context
-- What PI_LVITC_2 counts, once however many reasons a visit gives: whether it is surely a context of its clinician,
-- and of the group ('yes', 'unknown', 'no': the greatest text is the surest). A referral that a visit answers stands
-- with that visit.
SELECT coalesce(a.visit, c.focus) AS focus, c.patient, c.npi, c.tin, min(c.day) AS day,
  max(CASE WHEN a.focus IS NOT NULL AND a.visit IS NULL THEN 'unknown' ELSE c.certain END) AS certain,
  max(CASE WHEN c.in_group = 'no' THEN 'no' WHEN a.focus IS NOT NULL AND a.visit IS NULL THEN 'unknown' ELSE c.certain END) AS of_group,
  max(CASE WHEN a.focus IS NOT NULL AND a.visit IS NULL THEN 1 ELSE 0 END) AS answered
FROM possible_context AS c
LEFT JOIN answered_referral AS a
  ON a.focus = c.focus AND coalesce(a.npi, '') = coalesce(c.npi, '') AND coalesce(a.tin, '') = coalesce(c.tin, '')
GROUP BY coalesce(a.visit, c.focus), c.patient, c.npi, c.tin
;

-- table: context_fact
-- The days of each context, those of its visit first, and what it rests on.
SELECT focus,
  coalesce(min(CASE WHEN kind = 'patient-seen' THEN day_from END), min(day_from)) AS day_from,
  coalesce(max(CASE WHEN kind = 'patient-seen' THEN day_to END), max(day_to)) AS day_to,
  coalesce(min(CASE WHEN kind <> 'patient-seen' AND answer = 'met' THEN weakness END), min(weakness)) AS weakness
FROM (
  SELECT focus, kind, answer, day_from, day_to,
    CASE grade WHEN 'native' THEN 1 WHEN 'standard' THEN 2 WHEN 'proxy' THEN 3 ELSE 4 END AS weakness
  FROM fact WHERE kind IN ('patient-seen', 'transition-received', 'referral-received') AND answer <> 'not_met'
) AS f
GROUP BY focus
;

-- table: found_case
-- The cases of every measure, each record by itself.
SELECT 'PI_EP_1' AS measure, focus, patient, tin, npi, member, day_from AS occurred, day_to AS occurred_to,
  NULL AS context_before, NULL AS context_after, controlled, sent AS met, sent_day_from AS met_from,
  sent_day_to AS met_on, grade AS rests_on, coalesce(doubt, sent_reason, 'transmitted electronically') AS reason
FROM prescription
UNION ALL
SELECT 'PI_EP_2', focus, patient, tin, npi, CASE WHEN sent = 'met' THEN member ELSE 'unknown' END, sent_day_from, sent_day_to,
  NULL, NULL, 'yes',
  CASE WHEN query_on IS NOT NULL THEN 'met' WHEN c.kind IS NOT NULL AND same_time = 0 THEN 'not_met' ELSE 'unknown' END,
  query_from, query_on, grade,
  CASE WHEN doubt IS NOT NULL THEN doubt
    WHEN sent <> 'met' THEN coalesce(sent_reason, 'whether it was transmitted is not known')
    WHEN query_on IS NOT NULL THEN 'PDMP queried before transmission'
    WHEN same_time = 1 THEN 'whether the query or the transmission came first is not known'
    WHEN c.kind IS NOT NULL THEN 'no PDMP query on record, and the site vouches that every one is recorded'
    ELSE 'no PDMP query shown; it may have been made outside this source' END
FROM queried_prescription LEFT JOIN closed AS c ON c.kind = 'pdmp-queried'
UNION ALL
SELECT 'PI_HIE_1', o.focus, o.patient, o.tin, o.npi, CASE WHEN o.answer = 'met' THEN 'yes' ELSE 'unknown' END, o.day_from, o.day_to,
  NULL, NULL, NULL,
  CASE WHEN s.sent = 'met' AND s.received = 'met' AND s.complete = 'met' THEN 'met'
    WHEN s.sent = 'not_met' OR s.received = 'not_met' OR s.complete = 'not_met' THEN 'not_met'
    WHEN s.sent IS NULL AND cs.kind IS NOT NULL THEN 'not_met'
    WHEN s.received IS NULL AND cr.kind IS NOT NULL THEN 'not_met'
    ELSE 'unknown' END,
  CASE WHEN s.received_from > s.sent_from THEN s.received_from ELSE coalesce(s.sent_from, o.day_from) END,
  CASE WHEN s.received_on > s.sent_on THEN s.received_on ELSE coalesce(s.sent_on, o.day_to) END, s.grade,
  CASE WHEN o.answer <> 'met' THEN o.reason
    WHEN s.sent IS NULL AND cs.kind IS NOT NULL THEN 'no summary sent, and the site vouches that every sending is recorded'
    WHEN s.sent IS NULL THEN 'no sign that a summary was sent; this source does not show that none was'
    WHEN s.sent <> 'met' THEN coalesce(s.sent_reason, 'whether the summary was sent is not known')
    WHEN s.complete = 'not_met' THEN 'the summary sent is no complete C-CDA document: ' || coalesce(s.form_reason, 'its form')
    WHEN s.received IS NULL AND cr.kind IS NOT NULL THEN 'sent, not confirmed, and the site vouches that every receipt is recorded'
    WHEN s.received IS NULL THEN 'sent; receipt is not shown'
    WHEN s.received <> 'met' THEN coalesce(s.received_reason, 'whether it was received is not known')
    WHEN s.complete <> 'met' THEN 'whether the document sent is C-CDA is not shown'
    ELSE 'sent electronically and receipt confirmed' END || o.note
FROM outgoing AS o
JOIN sent_summary AS s ON s.focus = o.focus
LEFT JOIN closed AS cs ON cs.kind = 'summary-sent'
LEFT JOIN closed AS cr ON cr.kind = 'receipt-confirmed'
UNION ALL
SELECT 'PI_HIE_4', d.focus, d.patient, d.tin, d.npi, CASE WHEN d.certain = 1 AND d.sure = 1 THEN 'yes' ELSE 'unknown' END, d.day_from, d.day_to,
  d.context_before, d.context_after, NULL, d.met, d.met_from, d.met_on, d.grade,
  CASE WHEN d.patient IS NULL THEN 'whose document it is is not known: it is not in the data, or names no patient'
    WHEN d.sure = 0 THEN 'whether the document is a summary of care in C-CDA is not shown'
    WHEN d.certain = 0 THEN 'whether the patient was new to the clinician is not known: history is not proven to reach back'
    WHEN d.met = 'met' THEN 'medications, allergies and problems reconciled'
    WHEN d.met = 'not_met' THEN 'not all three lists were reconciled on this document'
    WHEN d.too_early = 1 THEN 'reconciled before it was received: one of the two days is wrong'
    WHEN d.lists > 0 THEN 'only some of the three lists are shown as reconciled on this document'
    ELSE 'reconciliation is not shown by this source' END
FROM reconciled_summary AS d
UNION ALL
SELECT 'PI_PEA_1', v.focus, v.patient, v.tin, v.npi, CASE WHEN v.answer = 'met' THEN 'yes' ELSE 'unknown' END, v.day_from, v.day_to,
  NULL, NULL, NULL, coalesce(a.met, 'unknown'), a.met_from, a.met_on,
  CASE a.weakness WHEN 1 THEN 'native' WHEN 2 THEN 'standard' WHEN 3 THEN 'proxy' WHEN 4 THEN 'asserted' END,
  CASE WHEN v.answer <> 'met' THEN coalesce(v.reason, 'whether the visit took place is not known')
    WHEN a.met = 'met' THEN 'portal and API access in force at the deadline ' || a.deadline
    WHEN a.met = 'not_met' THEN 'portal or API access not in force at the deadline ' || a.deadline
    WHEN a.pending = 1 THEN 'pending: the data end before the deadline ' || a.deadline
    WHEN v.day_from IS NULL THEN 'the visit has no date'
    WHEN a.deadline IS NULL AND v.day_from <> v.day_to THEN 'the visit is dated by month or year: its deadline is not known'
    ELSE 'access at the deadline ' || coalesce(a.deadline, '') || ' is not shown by this source' END
FROM seen AS v
CROSS JOIN setting AS s
LEFT JOIN visit_access AS a ON a.focus = v.focus
WHERE v.ambulatory = 1 AND (s.telehealth_in_pea OR coalesce(v.setting, '') <> 'VR')
UNION ALL
SELECT 'PI_LVITC_2', c.focus, c.patient, c.tin, c.npi, CASE WHEN c.certain = 'yes' THEN 'yes' ELSE 'unknown' END,
  coalesce(f.day_from, c.day), coalesce(f.day_to, c.day), NULL, NULL, NULL, 'met', NULL, NULL,
  CASE f.weakness WHEN 1 THEN 'native' WHEN 2 THEN 'standard' WHEN 3 THEN 'proxy' WHEN 4 THEN 'asserted' END,
  CASE WHEN c.certain = 'yes' THEN 'a transition or referral received, or a patient never seen before'
    WHEN c.answered = 1 THEN 'a referral received; a first visit that follows may be the one that it led to, and is counted'
    ELSE 'whether the patient was new to the clinician, or handed over to her, is not known' END
FROM incoming_context AS c
LEFT JOIN context_fact AS f ON f.focus = c.focus
UNION ALL
SELECT 'PI_EP_2_EX_1', focus, patient, tin, npi, CASE WHEN schedule = 'unknown' THEN 'unknown' ELSE member END, day_from, day_to,
  NULL, NULL, 'yes', 'met', NULL, NULL, grade, 'of a schedule that a PDMP query is asked for, and not transmitted electronically'
FROM prescription
WHERE sent = 'not_met' AND (schedule IN ('III', 'IV', 'unknown') OR (schedule = 'II' AND opioid = 1))
UNION ALL
SELECT DISTINCT 'PI_PHCDRR_1_EX_1', focus, patient, tin, CASE WHEN tin IS NULL THEN npi END,
  CASE WHEN answer = 'met' THEN 'yes' ELSE 'unknown' END, day_from, day_to, NULL, NULL, NULL, 'met', NULL, NULL, grade,
  CASE WHEN answer = 'met' THEN 'given by the practice itself' ELSE coalesce(reason, 'whether it was given is not known') END
FROM fact
WHERE kind = 'immunization-given' AND answer <> 'not_met'
;

-- table: cases
-- Every case with its unit: a patient, however often seen, for PI_PEA_1; for PI_HIE_4 a session or a document with what was
-- appended to it; else the record itself.
SELECT c.*,
  CASE WHEN c.measure = 'PI_PEA_1' THEN coalesce(c.patient, c.focus) ELSE coalesce(c.patient || ' ' || n.day, d.whole, c.focus) END AS unit
FROM found_case AS c
LEFT JOIN reconciled_summary AS d ON c.measure = 'PI_HIE_4' AND d.focus = c.focus
  AND coalesce(d.npi, '') = coalesce(c.npi, '') AND coalesce(d.tin, '') = coalesce(c.tin, '')
LEFT JOIN session AS n ON n.whole = d.whole
  AND coalesce(n.npi, '') = coalesce(c.npi, '') AND coalesce(n.tin, '') = coalesce(c.tin, '')
;

-- table: needed
-- Which kinds of fact a case of a measure rests on; `about` says whether they may be about the patient.
SELECT 'PI_EP_1' AS measure, 'prescription-written' AS kind, 'focus' AS about
UNION ALL SELECT 'PI_EP_1', 'prescription-transmitted', 'focus'
UNION ALL SELECT 'PI_EP_2', 'prescription-written', 'focus'
UNION ALL SELECT 'PI_EP_2', 'prescription-transmitted', 'focus'
UNION ALL SELECT 'PI_EP_2', 'pdmp-queried', 'patient'
UNION ALL SELECT 'PI_HIE_1', 'referral-made', 'focus'
UNION ALL SELECT 'PI_HIE_1', 'transition-made', 'focus'
UNION ALL SELECT 'PI_HIE_1', 'summary-sent', 'focus'
UNION ALL SELECT 'PI_HIE_1', 'receipt-confirmed', 'focus'
UNION ALL SELECT 'PI_HIE_4', 'summary-received', 'focus'
UNION ALL SELECT 'PI_HIE_4', 'medications-reconciled', 'focus'
UNION ALL SELECT 'PI_HIE_4', 'allergies-reconciled', 'focus'
UNION ALL SELECT 'PI_HIE_4', 'problems-reconciled', 'focus'
UNION ALL SELECT 'PI_PEA_1', 'patient-seen', 'focus'
UNION ALL SELECT 'PI_PEA_1', 'information-available', 'focus'
UNION ALL SELECT 'PI_PEA_1', 'access-vdt', 'patient'
UNION ALL SELECT 'PI_PEA_1', 'access-api', 'patient'
UNION ALL SELECT 'PI_PEA_1', 'access-declined', 'patient'
UNION ALL SELECT 'PI_PEA_1', 'access-withdrawn', 'patient'
UNION ALL SELECT 'PI_LVITC_2', 'transition-received', 'focus'
UNION ALL SELECT 'PI_LVITC_2', 'referral-received', 'focus'
UNION ALL SELECT 'PI_LVITC_2', 'patient-seen', 'focus'
UNION ALL SELECT 'PI_EP_2_EX_1', 'prescription-written', 'focus'
UNION ALL SELECT 'PI_EP_2_EX_1', 'prescription-transmitted', 'focus'
UNION ALL SELECT 'PI_PHCDRR_1_EX_1', 'immunization-given', 'focus'
;

-- table: case_evidence
-- One row per case, kind and witnessing resource; a needed kind without any witness is a row of its own.
SELECT c.measure, c.focus, f.kind, f.answer, f.source, f.day_from, f.grade, f.rule, f.reason
FROM (SELECT DISTINCT measure, focus, patient FROM cases) AS c
JOIN needed AS n ON n.measure = c.measure
JOIN (SELECT DISTINCT kind, focus, answer, source, day_from, grade, rule, reason FROM fact) AS f
  ON f.kind = n.kind AND (f.focus = c.focus OR (n.about = 'patient' AND f.focus = c.patient))
UNION ALL
SELECT c.measure, c.focus, s.kind, 'met', 'site settings', s.day_from, 'native', 'site policy', s.why
FROM (SELECT DISTINCT measure, focus FROM cases WHERE measure = 'PI_PEA_1') AS c CROSS JOIN standing AS s
UNION ALL
SELECT c.measure, c.focus, n.kind, 'unknown', NULL, NULL, NULL, NULL, 'nothing on record in this source'
FROM (SELECT DISTINCT measure, focus, patient FROM cases) AS c
JOIN needed AS n ON n.measure = c.measure
WHERE n.kind NOT IN ('information-available', 'access-declined', 'access-withdrawn', 'transition-made', 'referral-made')
  AND n.measure <> 'PI_LVITC_2'
  AND NOT EXISTS (
    SELECT 1 FROM fact AS f
    WHERE f.kind = n.kind AND (f.focus = c.focus OR (n.about = 'patient' AND f.focus = c.patient))
  )
  AND NOT EXISTS (SELECT 1 FROM standing AS s WHERE s.kind = n.kind AND c.measure = 'PI_PEA_1')
;
