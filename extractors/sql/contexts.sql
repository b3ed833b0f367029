-- Visits, and the contexts in which a received summary counts: transitions and referrals received, new patients.
-- Reads: fact, current_reference, actor; superseded (orders.sql); setting.

-- table: seen
-- One row per visit and clinician, and whether an earlier visit of that patient is known, in any setting: with
-- that clinician, or with anyone of the TIN. Of visits of one day whose order is not known the first by name stands for
-- that day's first. `maybe_before`, `maybe_in_tin`: another visit may have come on an earlier day (its day is not known, or
-- whether it took place). `ambulatory` visits (AMB, VR, HH) are those of PI_PEA_1, from
-- which a site may take out telehealth (VR), and contexts of PI_HIE_4; a profile that states no setting selects those only, and a
-- visit whose class is missing may be one.
SELECT v.focus, v.patient, v.npi, v.tin, v.day_from, v.day_to, v.answer, v.reason,
  CASE WHEN v.setting IS NULL OR v.setting IN ('AMB', 'VR', 'HH', 'not stated') THEN 1 ELSE 0 END AS ambulatory,
  max(CASE WHEN v.earlier = 1 AND v.own = 1 THEN 1 ELSE 0 END) AS seen_before,
  max(CASE WHEN v.earlier = 1 AND v.partners = 1 THEN 1 ELSE 0 END) AS seen_in_tin,
  max(CASE WHEN v.maybe = 1 AND v.own = 1 THEN 1 ELSE 0 END) AS maybe_before,
  max(CASE WHEN v.maybe = 1 AND v.partners = 1 THEN 1 ELSE 0 END) AS maybe_in_tin, v.setting
FROM (
  SELECT w.*,
    CASE WHEN coalesce(e.npi, e.clinician, e.tin) = coalesce(w.npi, w.clinician, w.tin) THEN 1 ELSE 0 END AS own,
    CASE WHEN e.tin = w.tin THEN 1 ELSE 0 END AS partners,
    CASE WHEN e.answer <> 'met' OR e.focus = w.focus THEN 0
      WHEN e.to_utc < w.from_utc THEN 1
      WHEN e.day_from = e.day_to AND w.day_from = w.day_to AND e.day_from = w.day_from AND e.from_utc <= w.to_utc
        AND (e.focus < w.focus OR w.answer <> 'met') THEN 1
      ELSE 0 END AS earlier,
    CASE WHEN e.focus <> w.focus AND coalesce(e.day_from < w.day_to, TRUE) THEN 1 ELSE 0 END AS maybe
  FROM fact AS w
  LEFT JOIN fact AS e ON e.kind = 'patient-seen' AND e.answer <> 'not_met' AND e.patient = w.patient
    AND (e.tin = w.tin OR coalesce(e.npi, e.clinician, e.tin) = coalesce(w.npi, w.clinician, w.tin))
  WHERE w.kind = 'patient-seen' AND w.answer <> 'not_met'
) AS v
GROUP BY v.focus, v.patient, v.npi, v.tin, v.day_from, v.day_to, v.answer, v.reason, v.setting
;

-- table: handed_over
-- Transitions received, with the patient, clinician and day of their visit, and whether that patient was seen before.
-- One of which it is not known whether it took place is no certain one.
SELECT t.focus, t.patient, t.npi, t.tin, t.day_from, t.day_to, t.detail, t.certain,
  max(CASE WHEN coalesce(e.npi, e.clinician, e.tin) = coalesce(t.npi, t.clinician, t.tin) THEN 1 ELSE 0 END) AS seen_before,
  max(CASE WHEN e.tin = t.tin THEN 1 ELSE 0 END) AS seen_in_tin
FROM (
  SELECT f.focus, coalesce(f.patient, s.patient) AS patient, coalesce(v.npi, f.npi) AS npi, f.clinician, coalesce(v.tin, f.tin) AS tin,
    coalesce(f.day_from, s.day_from) AS day_from, coalesce(f.day_to, s.day_to) AS day_to, f.from_utc, f.detail, CASE WHEN f.answer = 'met' THEN 'yes' ELSE 'unknown' END AS certain
  FROM fact AS f
  LEFT JOIN (SELECT DISTINCT focus, patient, day_from, day_to FROM seen) AS s ON s.focus = f.focus
  LEFT JOIN seen AS v ON v.focus = f.focus AND (f.npi IS NULL OR v.npi = f.npi)
  WHERE f.kind = 'transition-received' AND f.answer <> 'not_met'
) AS t
LEFT JOIN fact AS e ON e.kind = 'patient-seen' AND e.answer = 'met' AND e.patient = t.patient AND e.to_utc < t.from_utc
GROUP BY t.focus, t.patient, t.npi, t.tin, t.day_from, t.day_to, t.detail, t.certain
;

-- table: received_referral
-- Referrals received, once each: not those to oneself, nor what another one replaced, nor the same one entered again
-- (one reporter, patient, requester, local day and code). One that a partner of the TIN asked for comes from within the group.
SELECT focus, patient, npi, tin, day_from, day_to, answer, in_group
FROM (
  SELECT r.*, row_number() OVER (PARTITION BY r.lone, r.npi, r.tin, r.patient, r.counterpart, r.day_from, r.code_system, r.code
    ORDER BY CASE WHEN r.answer = 'met' THEN 0 ELSE 1 END NULLS LAST, r.focus NULLS LAST, r.day_to NULLS LAST,
      r.answer NULLS LAST, r.in_group NULLS LAST) AS place
  FROM (
    SELECT DISTINCT f.focus, f.patient, f.npi, f.tin, f.day_from, f.day_to, f.answer, f.counterpart, f.code_system, f.code,
      CASE WHEN f.counterpart IS NULL OR f.code IS NULL OR f.patient IS NULL OR f.day_from IS NULL OR f.day_from <> f.day_to
        THEN f.focus ELSE '' END AS lone,
      CASE WHEN p.tin = f.tin THEN 'no' ELSE 'yes' END AS in_group
    FROM fact AS f
    LEFT JOIN actor AS p ON p.actor = f.counterpart
    LEFT JOIN (
      SELECT DISTINCT x.focus FROM superseded AS x
      JOIN fact AS n ON n.focus = x.successor AND n.kind = 'referral-received' AND n.answer = 'met' AND coalesce(n.detail, '') <> 'revoked'
    ) AS x ON x.focus = f.focus
    WHERE f.kind = 'referral-received' AND f.answer <> 'not_met' AND coalesce(f.detail, '') <> 'revoked' AND x.focus IS NULL
      AND NOT coalesce(p.npi = f.npi, FALSE)
  ) AS r
) AS ranked
WHERE lone <> '' OR place = 1
;

-- table: incoming
-- Contexts in which a received summary counts: a transition or referral received, or a patient never seen
-- before. New is certain only where history is proven to reach back and no other visit may have come first, or by a
-- new-patient visit code that no earlier visit refutes. A patient whom a partner saw before is new to the clinician,
-- but not to the group (`in_group`). A referral that was revoked is none.
SELECT focus, patient, npi, tin, day_from AS day, day_to, certain,
  CASE WHEN coalesce(detail, '') = 'new patient' AND seen_in_tin = 1 THEN 'no' ELSE 'yes' END AS in_group
FROM handed_over
WHERE NOT (coalesce(detail, '') = 'new patient' AND seen_before = 1)
UNION
SELECT focus, patient, npi, tin, day_from, day_to, 'yes', in_group FROM received_referral
WHERE answer = 'met' AND (npi IS NOT NULL OR tin IS NOT NULL)
UNION
SELECT v.focus, v.patient, v.npi, v.tin, v.day_from, v.day_to,
  CASE WHEN s.history_from IS NOT NULL AND s.history_from <= v.day_from AND v.answer = 'met' AND v.maybe_before = 0
    AND coalesce(v.setting, '') <> 'not stated' THEN 'yes' ELSE 'unknown' END,
  CASE WHEN v.seen_in_tin = 1 THEN 'no' WHEN v.maybe_in_tin = 1 THEN 'unknown' ELSE 'yes' END
FROM seen AS v CROSS JOIN setting AS s
WHERE v.seen_before = 0 AND v.ambulatory = 1
;

-- table: possible_context
-- Contexts of `incoming`, and transitions and referrals of which it is not known whether they were received.
SELECT i.focus, i.patient, i.npi, i.tin, i.day, i.certain, i.in_group, CASE WHEN r.focus IS NULL THEN 0 ELSE 1 END AS referral
FROM incoming AS i
LEFT JOIN (SELECT DISTINCT focus FROM fact WHERE kind = 'referral-received') AS r ON r.focus = i.focus
UNION
SELECT f.focus, coalesce(f.patient, v.patient), coalesce(f.npi, v.npi), coalesce(f.tin, v.tin), coalesce(f.day_from, v.day_from),
  'unknown', 'yes', 0
FROM fact AS f
LEFT JOIN seen AS v ON v.focus = f.focus AND (f.npi IS NULL OR v.npi = f.npi)
WHERE f.kind = 'transition-received' AND f.answer = 'unknown'
UNION
SELECT focus, patient, npi, tin, day_from, 'unknown', in_group, 1 FROM received_referral WHERE answer = 'unknown'
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
  max(CASE WHEN c.in_group = 'no' THEN 'no' WHEN c.in_group = 'unknown' OR (a.focus IS NOT NULL AND a.visit IS NULL) THEN 'unknown'
    ELSE c.certain END) AS of_group,
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
  SELECT f.focus, f.kind, f.answer, f.day_from, f.day_to,
    CASE f.grade WHEN 'native' THEN 1 WHEN 'standard' THEN 2 WHEN 'proxy' THEN 3 ELSE 4 END AS weakness
  FROM fact AS f
  JOIN (SELECT DISTINCT focus FROM incoming_context) AS c ON c.focus = f.focus
  WHERE f.kind IN ('patient-seen', 'transition-received', 'referral-received') AND f.answer <> 'not_met'
) AS f
GROUP BY focus
;
