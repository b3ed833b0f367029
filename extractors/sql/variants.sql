-- Variants: the ways in which a measure may be counted.
-- Reads: cases (cases.sql).

-- table: variant_case
-- Every case under each variant of its measure. PI_EP_1 is counted with and without controlled substances;
-- without them, a case whose schedule is not known cannot be decided.
SELECT measure, CASE WHEN measure = 'PI_EP_1' THEN 'controlled-included' ELSE 'all' END AS variant, focus, tin, npi, unit, member,
  occurred, occurred_to, met, met_from, met_on, rests_on, reason
FROM cases
UNION ALL
SELECT measure, 'controlled-excluded', focus, tin, npi, unit, CASE WHEN controlled = 'unknown' THEN 'unknown' ELSE member END,
  occurred, occurred_to, met, met_from, met_on, rests_on, reason
FROM cases WHERE measure = 'PI_EP_1' AND controlled <> 'yes'
;
