-- Prescriptions with their drug and their transmission, and the PDMP queries before them.
-- Reads: order_fact, superseded (orders.sql); fact, verdict; drug, calendar, closed (kind), setting. Days are local.

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
  AND NOT (w.setting IS NULL AND w.stay IS NOT NULL)
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

-- table: asked_prescription
-- In-scope prescriptions: Schedule II opioid, or III or IV; a schedule not known stays undecided.
SELECT focus, patient, npi, tin, sent_from, sent_to, sent_day_from, sent_day_to, sent, sent_reason, doubt, member
FROM prescription
WHERE sent <> 'not_met' AND (schedule IN ('III', 'IV', 'unknown') OR (schedule = 'II' AND opioid = 1))
;

-- table: query_on_record
-- The last PDMP query of the patient before each of these was transmitted and within the look-back. `same_time`: a query is on
-- record of which it is not known whether it came in time, or was made at all. One of another clinician in another practice is
-- not ours.
SELECT p.focus, p.npi, p.tin,
  max(CASE WHEN q.answer = 'met' AND q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.day_from END) AS query_from,
  max(CASE WHEN q.answer = 'met' AND q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.day_to END) AS query_on,
  max(CASE WHEN q.answer = 'met' AND q.to_utc < p.sent_from AND b.number + s.pdmp_lookback_days >= a.number THEN q.grade END) AS grade,
  max(CASE WHEN q.to_utc IS NULL THEN 1
    WHEN q.to_utc >= p.sent_from THEN CASE WHEN q.from_utc <= p.sent_to OR (p.sent_to IS NULL AND q.day_from <= p.sent_day_to) THEN 1 ELSE 0 END
    WHEN z.number + s.pdmp_lookback_days >= a.number AND (q.answer = 'unknown' OR b.number + s.pdmp_lookback_days < a.number) THEN 1
    ELSE 0 END) AS same_time
FROM asked_prescription AS p
CROSS JOIN setting AS s
LEFT JOIN calendar AS a ON a.day = p.sent_day_from
JOIN fact AS q ON q.kind = 'pdmp-queried' AND q.answer <> 'not_met' AND coalesce(q.patient, q.focus) = p.patient
  AND NOT coalesce(q.npi <> p.npi AND q.tin <> p.tin, FALSE)
LEFT JOIN calendar AS b ON b.day = q.day_from
LEFT JOIN calendar AS z ON z.day = q.day_to
GROUP BY p.focus, p.npi, p.tin
;

-- table: queried_prescription
-- In-scope prescriptions, with the query.
SELECT p.focus, p.patient, p.npi, p.tin, p.sent_day_from, p.sent_day_to, p.sent, p.sent_reason, p.doubt, p.member,
  q.query_from, q.query_on, q.grade, coalesce(q.same_time, 0) AS same_time
FROM asked_prescription AS p
LEFT JOIN query_on_record AS q ON q.focus = p.focus AND coalesce(q.npi, '') = coalesce(p.npi, '')
  AND coalesce(q.tin, '') = coalesce(p.tin, '')
;
