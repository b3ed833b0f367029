-- Cases: one row per measure, reporter and thing that is counted, with the answer and its reason.
-- Reads: prescription, outgoing, seen, received documents, access and contexts (the files named after them); fact. `member` is yes or
-- unknown; what is no member is no case. `occurred` to `occurred_to` are local days, equal unless the date
-- is partial; null when there is none. `met_from` to `met_on` are the days of the numerator act. `unit` is what a
-- tally counts once, where several cases are one.

-- table: visit_case
-- The cases of PI_PEA_1.
SELECT v.focus, v.patient, v.tin, v.npi,
  CASE WHEN v.answer = 'met' AND coalesce(v.setting, '') <> 'not stated' THEN 'yes' ELSE 'unknown' END AS member, v.day_from AS occurred,
  v.day_to AS occurred_to, coalesce(a.met, 'unknown') AS met, a.met_from, a.met_on,
  CASE a.weakness WHEN 1 THEN 'native' WHEN 2 THEN 'standard' WHEN 3 THEN 'proxy' WHEN 4 THEN 'asserted' END AS rests_on,
  CASE WHEN v.answer <> 'met' THEN coalesce(v.reason, 'whether the visit took place is not known')
    WHEN v.setting = 'not stated' THEN 'the class of the visit is not stated: it may have been no office visit'
    WHEN a.met = 'met' THEN 'portal and API access in force at the deadline ' || a.deadline
    WHEN a.met = 'not_met' THEN 'portal or API access not in force at the deadline ' || a.deadline
    WHEN a.pending = 1 THEN 'pending: the data end before the deadline ' || a.deadline
    WHEN v.day_from IS NULL THEN 'the visit has no date'
    WHEN a.deadline IS NULL AND v.day_from <> v.day_to THEN 'the visit is dated by month or year: its deadline is not known'
    ELSE 'access at the deadline ' || coalesce(a.deadline, '') || ' is not shown by this source' END AS reason
FROM seen AS v
CROSS JOIN setting AS s
LEFT JOIN visit_access AS a ON a.focus = v.focus
WHERE v.ambulatory = 1 AND (s.telehealth_in_pea OR coalesce(v.setting, '') <> 'VR')
;

-- table: cases
-- The cases of every measure, each record by itself, with its unit: a patient, however often seen, for PI_PEA_1; for PI_HIE_4 a
-- session or a document with what was appended to it; else the record itself.
SELECT c.*,
  CASE WHEN c.measure = 'PI_PEA_1' THEN coalesce(c.patient, c.focus) ELSE coalesce(c.patient || ' ' || n.day, d.whole, c.focus) END AS unit
FROM (
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
      WHEN same_time = 1 THEN 'whether a PDMP query was made in time before the transmission is not known'
      WHEN c.kind IS NOT NULL THEN 'no PDMP query on record, and the site vouches that every one is recorded'
      ELSE 'no PDMP query shown; it may have been made outside this source' END
  FROM queried_prescription LEFT JOIN closed AS c ON c.kind = 'pdmp-queried'
  UNION ALL
  SELECT 'PI_HIE_1', o.focus, o.patient, o.tin, o.npi, CASE WHEN o.answer = 'met' THEN 'yes' ELSE 'unknown' END, o.day_from, o.day_to,
    NULL, NULL, NULL,
    CASE WHEN s.sent = 'met' AND s.received = 'met' AND s.complete = 'met' AND s.received_from IS NULL THEN 'unknown'
      WHEN s.sent = 'met' AND s.received = 'met' AND s.complete = 'met' THEN 'met'
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
      WHEN s.received_from IS NULL THEN 'receipt confirmed on a day that is not shown: it may lie outside any period'
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
      WHEN d.certain = 0 AND d.others = 1
        THEN 'received by somebody who has no context with the patient; whether it is for this clinician is not shown'
      WHEN d.certain = 0 THEN 'whether the patient was new to the clinician is not known: history is not proven to reach back'
      WHEN d.met = 'met' THEN 'medications, allergies and problems reconciled'
      WHEN d.met = 'not_met' THEN 'not all three lists were reconciled on this document'
      WHEN d.undated = 1 AND d.lists = 3 THEN 'reconciled on a day that is not shown: it may lie outside any period'
      WHEN d.too_early = 1 THEN 'reconciled before it was received: one of the two days is wrong'
      WHEN d.lists > 0 THEN 'only some of the three lists are shown as reconciled on this document'
      ELSE 'reconciliation is not shown by this source' END
  FROM reconciled_summary AS d
  UNION ALL
  SELECT 'PI_PEA_1', focus, patient, tin, npi, member, occurred, occurred_to, NULL, NULL, NULL, met, met_from, met_on, rests_on, reason
  FROM visit_case
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
) AS c
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
FROM (
  SELECT DISTINCT measure, focus, patient, focus AS subject, 'focus' AS about FROM cases
  UNION ALL
  SELECT DISTINCT measure, focus, patient, patient, 'patient' FROM cases WHERE coalesce(patient <> focus, TRUE)
) AS c
JOIN (
  SELECT measure, kind, 'focus' AS about FROM needed UNION ALL SELECT measure, kind, 'patient' FROM needed WHERE about = 'patient'
) AS n ON n.measure = c.measure AND n.about = c.about
JOIN (SELECT DISTINCT kind, focus, answer, source, day_from, grade, rule, reason FROM fact) AS f ON f.kind = n.kind AND f.focus = c.subject
UNION ALL
SELECT c.measure, c.focus, s.kind, 'met', 'site settings', s.day_from, 'native', 'site policy', s.why
FROM (SELECT DISTINCT measure, focus FROM cases WHERE measure = 'PI_PEA_1') AS c CROSS JOIN standing AS s
UNION ALL
SELECT c.measure, c.focus, n.kind, 'unknown', NULL, NULL, NULL, NULL, 'nothing on record in this source'
FROM (SELECT DISTINCT measure, focus, patient FROM cases) AS c
JOIN needed AS n ON n.measure = c.measure
LEFT JOIN (SELECT DISTINCT kind, focus FROM fact) AS f ON f.kind = n.kind AND f.focus = c.focus
LEFT JOIN (SELECT DISTINCT kind, focus FROM fact) AS p ON n.about = 'patient' AND p.kind = n.kind AND p.focus = c.patient
LEFT JOIN (SELECT DISTINCT kind FROM standing) AS s ON s.kind = n.kind AND c.measure = 'PI_PEA_1'
WHERE n.kind NOT IN ('information-available', 'access-declined', 'access-withdrawn', 'transition-made', 'referral-made')
  AND n.measure <> 'PI_LVITC_2' AND f.kind IS NULL AND p.kind IS NULL AND s.kind IS NULL
;
