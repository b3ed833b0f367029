-- Periods: what decides of each case in which periods it counts, for counting all of them at once (extractors/periods).
-- Reads: cases (cases.sql), variant_case (variants.sql), received_context (summaries.sql), incoming_context (contexts.sql).

-- table: day_case
-- Each case once for each context in which it may count; one without a context where it needs one counts in no period.
-- `own` and `of_group` say for its clinician and for the group: 2 where the context is certain, 1 where it may be one
-- (without a day it may fall into any period; dated by a month it is certain where the whole month lies), 0 where it is none. A PDMP query may come before the period, so its days
-- decide nothing. What tallies.sql counts of one period follows from these columns and the period alone.
SELECT c.measure, c.variant, c.tin, c.npi, c.unit, c.member, c.occurred, c.occurred_to, c.met,
  CASE WHEN c.measure <> 'PI_EP_2' THEN c.met_from END AS met_from, CASE WHEN c.measure <> 'PI_EP_2' THEN c.met_on END AS met_on,
  x.day AS context_day, x.until_day AS context_until,
  CASE WHEN c.measure <> 'PI_HIE_4' THEN 2 WHEN x.focus IS NULL THEN 0
    WHEN x.certain = 'yes' AND x.day IS NOT NULL THEN 2 ELSE 1 END AS own,
  CASE WHEN c.measure = 'PI_LVITC_2' AND i.of_group = 'no' THEN 0
    WHEN c.measure = 'PI_LVITC_2' AND i.of_group = 'unknown' THEN 1
    WHEN c.measure <> 'PI_HIE_4' THEN 2 WHEN x.focus IS NULL OR x.in_group = 'no' THEN 0
    WHEN x.certain = 'yes' AND x.in_group = 'yes' AND x.day IS NOT NULL THEN 2 ELSE 1 END AS of_group
FROM variant_case AS c
LEFT JOIN received_context AS x ON c.measure = 'PI_HIE_4' AND x.focus = c.focus
  AND coalesce(x.npi, '') = coalesce(c.npi, '') AND coalesce(x.tin, '') = coalesce(c.tin, '')
LEFT JOIN incoming_context AS i ON c.measure = 'PI_LVITC_2' AND i.focus = c.focus
  AND coalesce(i.npi, '') = coalesce(c.npi, '') AND coalesce(i.tin, '') = coalesce(c.tin, '')
;

-- table: last_case
-- The last day of each year on which a case fell; one dated by a month or a year, on the first day that it may be.
SELECT substr(occurred, 1, 4) AS year, max(occurred) AS day FROM cases WHERE occurred IS NOT NULL
GROUP BY substr(occurred, 1, 4)
;
