-- Tallies: cases of one period, counted for each NPI within a TIN and for each TIN as a group.
-- Reads: variant_case (variants.sql), received_context and incoming_context (summaries.sql, contexts.sql), and period
-- (start_day, end_day, window_start, window_end; all days included).

-- table: context_in_period
-- What the contexts of each received document within the period say, to its clinician and to the group:
-- 2 for a certain one, 1 for one that may be (one without a day may fall into any period, one dated by a month into all that
-- meet it), 0 for none.
SELECT x.focus, x.npi, x.tin,
  max(CASE WHEN x.certain = 'yes' AND x.day >= p.start_day AND x.until_day <= p.end_day THEN 2 ELSE 1 END) AS own,
  max(CASE WHEN x.in_group = 'no' THEN 0
    WHEN x.certain = 'yes' AND x.in_group = 'yes' AND x.day >= p.start_day AND x.until_day <= p.end_day THEN 2 ELSE 1 END) AS of_group
FROM received_context AS x
CROSS JOIN period AS p
WHERE x.day IS NULL OR (x.until_day >= p.start_day AND x.day <= p.end_day)
GROUP BY x.focus, x.npi, x.tin
;

-- table: placed
-- Where each case stands in the period: in, undecided or out, for its clinician and for the group; and what
-- its numerator is within the window. A PDMP query may come before the period: the day of the transmission, which
-- is that of the case, decides. A received document needs its context in the period too; measures that need none have it for
-- certain. A context that PI_LVITC_2 counts for a clinician counts for the group where the group, too, had not seen the patient.
SELECT c.measure, c.variant, c.tin, c.npi, c.focus, c.occurred,
  CASE
    WHEN c.member = 'yes' AND c.occurred IS NULL THEN 'without a date: it may belong to any period'
    WHEN c.member = 'yes' AND c.occurred <= p.end_day AND c.occurred_to >= p.start_day
      AND (c.occurred < p.start_day OR c.occurred_to > p.end_day) THEN 'dated by month or year: it may lie outside the period'
    ELSE c.reason
  END AS reason,
  c.unit,
  CASE
    WHEN c.occurred_to < p.start_day OR c.occurred > p.end_day OR c.own_context = 0 THEN 'out'
    WHEN c.member = 'yes' AND c.own_context = 2 AND c.occurred >= p.start_day AND c.occurred_to <= p.end_day THEN 'in'
    ELSE 'undecided'
  END AS place,
  CASE
    WHEN c.occurred_to < p.start_day OR c.occurred > p.end_day OR c.group_context = 0 THEN 'out'
    WHEN c.member = 'yes' AND c.group_context = 2 AND c.occurred >= p.start_day AND c.occurred_to <= p.end_day THEN 'in'
    ELSE 'undecided'
  END AS group_place,
  CASE
    WHEN c.met <> 'met' THEN c.met
    WHEN c.met_from IS NULL OR c.measure = 'PI_EP_2' THEN 'met'
    WHEN c.met_from >= p.window_start AND c.met_on <= p.window_end THEN 'met'
    WHEN c.met_on < p.window_start OR c.met_from > p.window_end THEN 'not_met'
    ELSE 'unknown'
  END AS met,
  CASE c.rests_on WHEN 'native' THEN 1 WHEN 'standard' THEN 2 WHEN 'proxy' THEN 3 ELSE 4 END AS weakness
FROM (
  SELECT v.*, CASE WHEN v.measure = 'PI_HIE_4' THEN coalesce(k.own, 0) ELSE 2 END AS own_context,
    CASE WHEN v.measure = 'PI_HIE_4' THEN coalesce(k.of_group, 0)
      WHEN v.measure = 'PI_LVITC_2' AND i.of_group = 'no' THEN 0
      WHEN v.measure = 'PI_LVITC_2' AND i.of_group = 'unknown' THEN 1
      ELSE 2 END AS group_context
  FROM variant_case AS v
  LEFT JOIN context_in_period AS k ON v.measure = 'PI_HIE_4' AND k.focus = v.focus
    AND coalesce(k.npi, '') = coalesce(v.npi, '') AND coalesce(k.tin, '') = coalesce(v.tin, '')
  LEFT JOIN incoming_context AS i ON v.measure = 'PI_LVITC_2' AND i.focus = v.focus
    AND coalesce(i.npi, '') = coalesce(v.npi, '') AND coalesce(i.tin, '') = coalesce(v.tin, '')
) AS c
CROSS JOIN period AS p
;

-- table: counted
-- One row per reporter and unit. A group (npi null) counts a unit of any of its clinicians once; a unit is met
-- when nothing of it in the period is not met or unknown. What may be in the period, and is not met if it is,
-- leaves the unit unknown.
SELECT measure, variant, tin, npi, unit,
  CASE WHEN max(CASE WHEN place = 'in' THEN 1 ELSE 0 END) = 1 THEN 'in' ELSE 'undecided' END AS place,
  CASE
    WHEN max(CASE WHEN place = 'in' AND met = 'not_met' THEN 1 ELSE 0 END) = 1 THEN 'not_met'
    WHEN max(CASE WHEN met <> 'met' THEN 1 ELSE 0 END) = 1 THEN 'unknown'
    ELSE 'met'
  END AS met,
  max(CASE WHEN place = 'in' AND met = 'met' THEN weakness ELSE 0 END) AS weakness
FROM (
  SELECT measure, variant, tin, npi, unit, place, met, weakness FROM placed WHERE npi IS NOT NULL OR tin IS NULL
  UNION ALL
  SELECT measure, variant, tin, NULL, unit, group_place, met, weakness FROM placed WHERE tin IS NOT NULL
) AS reported
WHERE place <> 'out'
GROUP BY measure, variant, tin, npi, unit
;

-- table: tally
SELECT measure, variant, tin, npi,
  sum(CASE WHEN place = 'in' THEN 1 ELSE 0 END) AS denominator,
  sum(CASE WHEN place = 'in' AND met = 'met' THEN 1 ELSE 0 END) AS met,
  sum(CASE WHEN place = 'in' AND met = 'unknown' THEN 1 ELSE 0 END) AS unknown,
  sum(CASE WHEN place = 'undecided' THEN 1 ELSE 0 END) AS undecided,
  sum(CASE WHEN place = 'in' AND met = 'met' AND weakness = 1 THEN 1 ELSE 0 END) AS native,
  sum(CASE WHEN place = 'in' AND met = 'met' AND weakness = 2 THEN 1 ELSE 0 END) AS standard,
  sum(CASE WHEN place = 'in' AND met = 'met' AND weakness = 3 THEN 1 ELSE 0 END) AS proxy,
  sum(CASE WHEN place = 'in' AND met = 'met' AND weakness = 4 THEN 1 ELSE 0 END) AS asserted
FROM counted
GROUP BY measure, variant, tin, npi
;
