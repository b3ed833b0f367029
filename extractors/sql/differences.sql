-- Differences: what two runs say differently, resource by resource and case by case.
-- Reads: first_resource, second_resource (key, content), first_cases, second_cases (see cases.sql).

-- table: resource_difference
-- A resource is the same when both runs received the same contents of it, however often and from wherever.
SELECT coalesce(a.key, b.key) AS key,
  CASE WHEN b.key IS NULL THEN 'only in the first' WHEN a.key IS NULL THEN 'only in the second' ELSE 'differs' END AS how
FROM (SELECT key, min(content) AS low, max(content) AS high, count(DISTINCT content) AS contents FROM first_resource GROUP BY key) AS a
FULL OUTER JOIN (
  SELECT key, min(content) AS low, max(content) AS high, count(DISTINCT content) AS contents FROM second_resource GROUP BY key
) AS b ON a.key = b.key
WHERE a.key IS NULL OR b.key IS NULL OR a.low <> b.low OR a.high <> b.high OR a.contents <> b.contents
;

-- table: case_difference
-- A case is the same when its membership, days, answer and reason are; what only one run has stands beside nothing.
SELECT coalesce(a.measure, b.measure) AS measure, coalesce(a.focus, b.focus) AS focus, coalesce(a.tin, b.tin) AS tin,
  coalesce(a.npi, b.npi) AS npi,
  a.member AS first_member, a.met AS first_met, a.reason AS first_reason, a.occurred AS first_occurred,
  b.member AS second_member, b.met AS second_met, b.reason AS second_reason, b.occurred AS second_occurred
FROM first_cases AS a
FULL OUTER JOIN second_cases AS b ON a.measure = b.measure AND a.focus = b.focus
  AND coalesce(a.tin, '') = coalesce(b.tin, '') AND coalesce(a.npi, '') = coalesce(b.npi, '')
WHERE a.measure IS NULL OR b.measure IS NULL OR a.member <> b.member OR a.met <> b.met OR a.reason <> b.reason
  OR coalesce(a.occurred, '') <> coalesce(b.occurred, '') OR coalesce(a.occurred_to, '') <> coalesce(b.occurred_to, '')
  OR coalesce(a.met_on, '') <> coalesce(b.met_on, '') OR coalesce(a.controlled, '') <> coalesce(b.controlled, '')
  OR coalesce(a.rests_on, '') <> coalesce(b.rests_on, '')
;
