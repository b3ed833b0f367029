-- Orders, in whoever's system they stand: which fact speaks for each, and which came in the place of which.
-- Reads: fact (facts.sql), canonical, current_reference.

-- table: copied_order
-- Orders and referrals of which there are several facts.
SELECT kind, focus FROM fact
WHERE kind IN ('prescription-written', 'referral-made') AND answer <> 'not_met'
GROUP BY kind, focus HAVING count(*) > 1
;

-- table: order_fact
-- One fact per order or referral: of its copies, and of what several rules make of one, that speaks which names its
-- clinician, then what is definite, of that the best rank, and the smallest key among several. The order is that of all
-- columns, so that the same rows always give the same one.
SELECT f.kind, f.focus, f.patient, f.clinician, f.npi, f.tin, f.answer, f.reason, f.from_utc, f.day_from, f.day_to, f.code_system, f.code,
  f.codings, f.counterpart, f.detail, f.setting, f.stay
FROM fact AS f
LEFT JOIN copied_order AS c ON c.kind = f.kind AND c.focus = f.focus
WHERE f.kind IN ('prescription-written', 'referral-made') AND f.answer <> 'not_met' AND c.focus IS NULL
UNION ALL
SELECT kind, focus, patient, clinician, npi, tin, answer, reason, from_utc, day_from, day_to, code_system, code, codings, counterpart, detail,
  setting, stay
FROM (
  SELECT f.kind, f.focus, f.patient, f.clinician, f.npi, f.tin, f.answer, f.reason, f.from_utc, f.day_from, f.day_to, f.code_system, f.code,
    f.codings, f.counterpart, f.detail, f.setting, f.stay, row_number() OVER (
    PARTITION BY f.kind, f.focus
    ORDER BY CASE WHEN f.npi IS NULL THEN 1 ELSE 0 END NULLS LAST, CASE WHEN f.tin IS NULL THEN 1 ELSE 0 END NULLS LAST,
      CASE WHEN f.answer = 'met' THEN 0 ELSE 1 END NULLS LAST, f.rank NULLS LAST, f.source NULLS LAST, f.tin NULLS LAST, f.npi NULLS LAST,
      f.clinician NULLS LAST, f.patient NULLS LAST, f.answer NULLS LAST, f.reason NULLS LAST, f.from_utc NULLS LAST, f.day_from NULLS LAST,
      f.day_to NULLS LAST, f.code_system NULLS LAST, f.code NULLS LAST, f.codings NULLS LAST, f.counterpart NULLS LAST,
      f.detail NULLS LAST, f.setting NULLS LAST, f.stay NULLS LAST
  ) AS place
  FROM fact AS f
  JOIN copied_order AS c ON c.kind = f.kind AND c.focus = f.focus
  WHERE f.answer <> 'not_met'
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
