-- Variants: the ways in which a measure may be counted.
-- Reads: cases (cases.sql).

-- table: variant_case
-- Every case under each variant of its measure. PI_EP_1 is counted with and without controlled substances;
-- without them, a case whose schedule is not known cannot be decided.
SELECT c.*, 'controlled-included' AS variant FROM cases AS c WHERE measure = 'PI_EP_1'
UNION ALL
SELECT measure, focus, patient, tin, npi, CASE WHEN controlled = 'unknown' THEN 'unknown' ELSE member END,
  occurred, occurred_to, context_before, context_after, controlled, met, met_from, met_on, rests_on, reason, unit,
  'controlled-excluded'
FROM cases WHERE measure = 'PI_EP_1' AND controlled <> 'yes'
UNION ALL
SELECT c.*, 'all' FROM cases AS c WHERE measure <> 'PI_EP_1'
;
