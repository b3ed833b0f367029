-- Left out: what was read and is no case, what counts here and may not elsewhere, and what belongs to nobody.
-- Reads: fact, verdict (facts.sql), actor, post (directory.sql), drug, and the tables of the cases. What is left out is what those tables
-- do not hold: the conditions stand there alone, and a reason here only names the one that is met.

-- table: left_out
-- One row per measure and record that was read for it and is no case, with the answer that it would have.
SELECT 'PI_EP_1' AS measure, w.focus, w.patient, w.tin, w.npi, w.day_from AS occurred, w.day_to AS occurred_to,
  min(CASE WHEN d.schedule IN ('II', 'III', 'IV', 'V') THEN 'yes' WHEN d.schedule = 'none' THEN 'no' ELSE 'unknown' END) AS controlled,
  min(coalesce(t.answer, 'unknown')) AS met, min(coalesce(t.day_from, w.day_from)) AS met_from,
  min(coalesce(t.day_to, w.day_to)) AS met_on,
  min(CASE WHEN w.answer = 'not_met' THEN coalesce(w.reason, 'not a written prescription')
    WHEN d.class = 'otc' THEN 'needs no prescription (over the counter)'
    WHEN d.class = 'supply' THEN 'a supply, not a drug'
    WHEN w.detail = 'cancelled' THEN 'cancelled, and not shown to have been sent'
    WHEN w.stay IS NOT NULL THEN 'written during an inpatient stay'
    WHEN g.focus IS NOT NULL THEN 'replaced on the same day, and the site collapses changes'
    WHEN w.clinician LIKE '%Patient/%' OR w.clinician LIKE '%RelatedPerson/%' THEN 'asked for by the patient or a relative'
    ELSE 'left out by another condition' END) AS why
FROM fact AS w
LEFT JOIN drug AS d ON d.codings = coalesce(w.codings, '')
LEFT JOIN verdict AS t ON t.focus = w.focus AND t.kind = 'prescription-transmitted'
LEFT JOIN (SELECT DISTINCT focus FROM changed_prescription WHERE stands = 'no') AS g ON g.focus = w.focus
LEFT JOIN (SELECT DISTINCT focus FROM prescription) AS c ON c.focus = w.focus
WHERE w.kind = 'prescription-written' AND c.focus IS NULL
GROUP BY w.focus, w.patient, w.tin, w.npi, w.day_from, w.day_to
UNION ALL
SELECT 'PI_EP_2', p.focus, p.patient, p.tin, p.npi, p.sent_day_from, p.sent_day_to, 'yes', 'unknown', NULL, NULL,
  CASE WHEN p.sent = 'not_met' THEN 'not sent electronically' ELSE 'Schedule ' || p.schedule || ', which asks for no query' END
FROM prescription AS p
LEFT JOIN (SELECT DISTINCT focus FROM queried_prescription) AS c ON c.focus = p.focus
WHERE p.schedule IN ('II', 'III', 'IV', 'V') AND c.focus IS NULL
UNION ALL
SELECT 'PI_HIE_1', r.focus, r.patient, r.tin, r.npi, r.day_from, r.day_to, NULL,
  min(CASE WHEN s.answer = 'met' AND k.answer = 'met' THEN 'met'
    WHEN s.answer = 'not_met' OR k.answer = 'not_met' THEN 'not_met' ELSE 'unknown' END),
  min(coalesce(k.day_from, s.day_from)), min(coalesce(k.day_to, s.day_to)),
  min(CASE WHEN r.answer = 'not_met' THEN coalesce(r.reason, 'not a referral')
    WHEN r.kind = 'transition-made' THEN 'the same move as a referral, which counts once'
    WHEN r.detail = 'revoked' THEN 'revoked, and no summary is shown to have been sent'
    WHEN o.focus IS NOT NULL THEN 'recorded more than once for this patient, recipient, day and code; another record counts'
    WHEN x.focus IS NOT NULL THEN 'replaced by another referral, which counts'
    WHEN h.focus IS NOT NULL THEN 'to who uses the same EHR, and the site excludes them'
    ELSE 'to the one who asked, or asked for by somebody else' END)
FROM fact AS r
LEFT JOIN verdict AS s ON s.focus = r.focus AND s.kind = 'summary-sent'
LEFT JOIN verdict AS k ON k.focus = r.focus AND k.kind = 'receipt-confirmed'
LEFT JOIN (SELECT DISTINCT focus FROM outgoing_record) AS o ON o.focus = r.focus
LEFT JOIN (SELECT DISTINCT focus FROM superseded) AS x ON x.focus = r.focus
LEFT JOIN (SELECT focus FROM shared_recipient CROSS JOIN setting WHERE exclude_shared_ehr AND shares = 'yes') AS h ON h.focus = r.focus
LEFT JOIN (SELECT DISTINCT focus FROM outgoing) AS c ON c.focus = r.focus
WHERE r.kind IN ('referral-made', 'transition-made') AND c.focus IS NULL
GROUP BY r.focus, r.patient, r.tin, r.npi, r.day_from, r.day_to
UNION ALL
SELECT 'PI_HIE_4', f.focus, coalesce(f.patient, v.patient), f.tin, f.npi, f.day_from, f.day_to, NULL,
  min(CASE WHEN m.answer = 'met' AND a.answer = 'met' AND p.answer = 'met' THEN 'met'
    WHEN m.answer = 'not_met' OR a.answer = 'not_met' OR p.answer = 'not_met' THEN 'not_met' ELSE 'unknown' END),
  min(m.day_from), min(m.day_to),
  min(CASE WHEN f.answer = 'not_met' THEN coalesce(f.reason, 'not a summary received')
    WHEN x.focus IS NOT NULL THEN 'replaced by a later document, which counts'
    WHEN v.answer = 'not_met' THEN 'not a summary of care in C-CDA, or a draft'
    ELSE 'its patient was not handed over, referred or new here' END)
FROM fact AS f
LEFT JOIN (SELECT focus, min(patient) AS patient, min(answer) AS answer FROM fact WHERE kind = 'summary-complete' GROUP BY focus) AS v
  ON v.focus = f.focus
LEFT JOIN verdict AS m ON m.focus = f.focus AND m.kind = 'medications-reconciled'
LEFT JOIN verdict AS a ON a.focus = f.focus AND a.kind = 'allergies-reconciled'
LEFT JOIN verdict AS p ON p.focus = f.focus AND p.kind = 'problems-reconciled'
LEFT JOIN replaced_document AS x ON x.focus = f.focus
LEFT JOIN (SELECT DISTINCT focus FROM received_summary) AS c ON c.focus = f.focus
WHERE f.kind = 'summary-received' AND c.focus IS NULL
GROUP BY f.focus, coalesce(f.patient, v.patient), f.tin, f.npi, f.day_from, f.day_to
UNION ALL
SELECT 'PI_PEA_1', v.focus, v.patient, v.tin, v.npi, v.day_from, v.day_to, NULL, 'unknown', NULL, NULL,
  min(CASE WHEN v.answer = 'not_met' THEN coalesce(v.reason, 'not a visit that took place')
    ELSE 'a visit in a setting that does not count (' || coalesce(v.setting, 'not stated') || ')' END)
FROM fact AS v
LEFT JOIN (SELECT DISTINCT focus FROM cases WHERE measure = 'PI_PEA_1') AS c ON c.focus = v.focus
WHERE v.kind = 'patient-seen' AND c.focus IS NULL
GROUP BY v.focus, v.patient, v.tin, v.npi, v.day_from, v.day_to
;

-- table: case_trait
-- What cases have about them that other counts may leave out, though it counts here.
SELECT DISTINCT 'PI_EP_1' AS measure, focus, 'stopped or cancelled after it was written' AS trait
FROM fact WHERE kind = 'prescription-written' AND detail IN ('stopped', 'cancelled')
UNION ALL
SELECT DISTINCT 'PI_HIE_1', focus, 'a transition of care, not a referral' FROM fact WHERE kind = 'transition-made'
UNION ALL
SELECT DISTINCT 'PI_HIE_1', focus, 'revoked after the summary was sent' FROM fact WHERE kind = 'referral-made' AND detail = 'revoked'
UNION ALL
SELECT DISTINCT 'PI_PEA_1', focus, CASE setting WHEN 'VR' THEN 'a telehealth visit' ELSE 'a home visit' END
FROM fact WHERE kind = 'patient-seen' AND setting IN ('VR', 'HH')
UNION ALL
SELECT DISTINCT measure, focus, 'dated by a month or year alone' FROM cases WHERE occurred <> occurred_to
;

-- table: case_name
-- The identifiers of the records behind cases, as `system|value`, and as other reports may name them.
SELECT DISTINCT focus, identifier FROM fact
WHERE identifier IS NOT NULL
  AND kind IN ('prescription-written', 'referral-made', 'transition-made', 'summary-received', 'patient-seen')
;

-- table: utc_day
-- The day of each case by the clock of Greenwich, where the instant is known to the day.
SELECT CASE kind WHEN 'prescription-written' THEN 'PI_EP_1' WHEN 'summary-received' THEN 'PI_HIE_4'
  WHEN 'patient-seen' THEN 'PI_PEA_1' ELSE 'PI_HIE_1' END AS measure,
  focus, min(substr(from_utc, 1, 10)) AS day
FROM fact
WHERE kind IN ('prescription-written', 'referral-made', 'transition-made', 'summary-received', 'patient-seen')
  AND answer <> 'not_met' AND day_from = day_to
GROUP BY CASE kind WHEN 'prescription-written' THEN 'PI_EP_1' WHEN 'summary-received' THEN 'PI_HIE_4'
  WHEN 'patient-seen' THEN 'PI_PEA_1' ELSE 'PI_HIE_1' END, focus
UNION ALL
SELECT 'PI_EP_2', focus, substr(from_utc, 1, 10) FROM verdict
WHERE kind = 'prescription-transmitted' AND answer = 'met' AND day_from = day_to
;

-- table: named
-- Who is named by a record and is no clinician of one known TIN, with the number of the reason in `unattributed`.
SELECT f.focus, f.npi,
  CASE WHEN f.npi IS NOT NULL AND a.placed_elsewhere = 1 THEN 1
    WHEN f.npi IS NOT NULL THEN 2
    WHEN f.clinician LIKE 'Device/%' OR f.clinician LIKE '%!Device/%' THEN 4
    WHEN f.clinician LIKE 'Organization/%' OR f.clinician LIKE '%!Organization/%' OR f.clinician LIKE 'Organization?%' THEN 5
    ELSE 6 END AS cause
FROM fact AS f
LEFT JOIN actor AS a ON a.actor = f.clinician
LEFT JOIN (SELECT practitioner, count(DISTINCT tin) AS tins FROM post GROUP BY practitioner) AS p ON p.practitioner = a.practitioner
WHERE f.kind IN ('prescription-written', 'referral-made', 'transition-made', 'summary-received', 'patient-seen')
  AND ((f.npi IS NULL AND f.clinician IS NOT NULL) OR (f.npi IS NOT NULL AND (a.placed_elsewhere = 1 OR p.tins > 1)))
;

-- table: unclaimed
-- Cases without an NPI or without a TIN, once for each who is named.
SELECT c.measure, c.focus, c.tin, c.npi, coalesce(n.cause, CASE WHEN c.npi IS NULL THEN 7 ELSE 3 END) AS cause
FROM cases AS c
LEFT JOIN named AS n ON n.focus = c.focus AND coalesce(n.npi, '') = coalesce(c.npi, '')
WHERE c.npi IS NULL OR c.tin IS NULL
;

-- table: unattributed
-- Cases without an NPI or without a TIN, with the reason. One without an NPI counts for its TIN alone, one without
-- a TIN for no group; neither is ever split or given to somebody else.
SELECT measure, focus, tin, npi,
  CASE min(cause) WHEN 1 THEN 'organization without TIN' WHEN 2 THEN 'several TINs' WHEN 3 THEN 'no TIN' WHEN 4 THEN 'device'
    WHEN 5 THEN 'organization' WHEN 6 THEN 'no NPI' ELSE 'nobody named' END AS why
FROM unclaimed
GROUP BY measure, focus, tin, npi
;
