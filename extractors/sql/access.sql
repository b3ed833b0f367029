-- Access of patients to their information, visit by visit, at the deadline of each.
-- Reads: seen (contexts.sql); fact, verdict; calendar, closed, standing, setting.

-- table: deadline
-- One row per visit: the end of the fourth business day after the information was available. What is dated by
-- a month or a year alone has no deadline that is known.
SELECT s.focus, max(d.day) AS day
FROM seen AS s
LEFT JOIN verdict AS i ON i.focus = s.focus AND i.kind = 'information-available' AND i.answer = 'met'
JOIN calendar AS a ON a.day = coalesce(i.day_from, s.day_from)
CROSS JOIN setting AS t
JOIN calendar AS d ON d.business = a.business + t.access_business_days AND d.is_business
WHERE s.ambulatory = 1 AND coalesce(i.day_from, s.day_from) = coalesce(i.day_to, s.day_to)
GROUP BY s.focus
;

-- table: standing_access
-- Every access fact with the day on which it ended: its own end, or the first withdrawal from its holder after it. A policy of
-- the site holds for each patient until it ends, or is withdrawn from that patient. A withdrawal itself is the
-- fact that there was none, though no grant is shown. `ended_sure` is the last day by which it has ended for certain.
SELECT f.kind, f.focus, f.holder, f.source, f.day_from, f.day_to, f.grade,
  CASE WHEN f.kind = 'access-withdrawn' AND f.answer = 'met' THEN 'not_met' ELSE f.answer END AS answer,
  CASE WHEN min(w.day_from) < coalesce(min(f.ended_day), '9999') THEN min(w.day_from) ELSE min(f.ended_day) END AS ended_day,
  CASE WHEN min(w.day_to) < coalesce(min(f.ended_day), '9999') THEN min(w.day_to) ELSE min(f.ended_day) END AS ended_sure
FROM fact AS f
LEFT JOIN fact AS w ON w.kind = 'access-withdrawn' AND w.answer = 'met' AND w.holder = f.holder AND w.day_from >= f.day_from
  AND NOT coalesce(w.to_utc < f.from_utc, FALSE)
WHERE f.kind IN ('access-vdt', 'access-api', 'access-declined', 'access-withdrawn')
GROUP BY f.kind, f.focus, f.holder, f.answer, f.source, f.day_from, f.day_to, f.grade
UNION ALL
SELECT s.kind, p.subject, p.subject, 'site settings', s.day_from, s.day_from, 'native', 'met',
  CASE WHEN min(w.day_from) < coalesce(s.ended_day, '9999') THEN min(w.day_from) ELSE s.ended_day END,
  CASE WHEN min(w.day_to) < coalesce(s.ended_day, '9999') THEN min(w.day_to) ELSE s.ended_day END
FROM standing AS s
CROSS JOIN (SELECT DISTINCT coalesce(patient, focus) AS subject FROM seen WHERE ambulatory = 1) AS p
LEFT JOIN fact AS w ON w.kind = 'access-withdrawn' AND w.answer = 'met' AND w.holder = p.subject AND w.day_from >= s.day_from
WHERE s.kind IN ('access-vdt', 'access-api', 'access-declined')
GROUP BY s.kind, p.subject, s.day_from, s.ended_day
;

-- table: access
-- One row per visit and channel of which anything is said: whether access was in force at the deadline, or may have been (`unclear`: its beginning or end
-- is dated by a month, or not at all). A fact about the visit counts
-- for that visit; a fact about the patient, or a policy of the site, stands from its day until it ends.
SELECT s.focus, k.kind, d.day AS deadline,
  max(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day) THEN 1 ELSE 0 END) AS granted,
  max(CASE WHEN g.answer <> 'unknown' AND (g.kind <> 'access-withdrawn' OR g.day_to <= d.day) THEN 1 ELSE 0 END) AS mentioned,
  max(CASE WHEN g.answer = 'met' AND (g.day_from IS NULL OR g.day_from <= d.day) AND (g.ended_sure IS NULL OR g.ended_sure > d.day)
    AND NOT (g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day) AND g.day_from IS NOT NULL)
    THEN 1 ELSE 0 END) AS unclear,
  min(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day)
    THEN CASE WHEN g.day_from > s.day_from THEN g.day_from ELSE s.day_from END END) AS met_from,
  min(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day)
    THEN CASE WHEN g.day_to > s.day_to THEN g.day_to ELSE s.day_to END END) AS met_on,
  max(CASE WHEN g.answer = 'met' AND g.day_to <= d.day AND (g.ended_day IS NULL OR g.ended_day > d.day) THEN
    CASE g.grade WHEN 'native' THEN 1 WHEN 'standard' THEN 2 WHEN 'proxy' THEN 3 ELSE 4 END END) AS weakness
FROM (
  SELECT focus, focus AS subject, day_from, day_to FROM seen
  UNION ALL
  SELECT focus, patient, day_from, day_to FROM seen WHERE patient <> focus
) AS s
CROSS JOIN (SELECT 'access-vdt' AS kind UNION ALL SELECT 'access-api') AS k
JOIN deadline AS d ON d.focus = s.focus
JOIN standing_access AS g ON g.focus = s.subject AND (g.kind = k.kind OR g.kind IN ('access-declined', 'access-withdrawn'))
GROUP BY s.focus, k.kind, d.day
;

-- table: due
-- The deadline of each visit. One that the data do not reach is pending: they end where the site says, else before the last day
-- that anything in them bears.
SELECT d.focus, d.day, CASE WHEN d.day > t.data_until OR (t.data_until IS NULL AND d.day >= e.day) THEN 1 ELSE 0 END AS pending
FROM deadline AS d
CROSS JOIN setting AS t
CROSS JOIN (SELECT max(day_from) AS day FROM fact WHERE answer <> 'not_met') AS e
;

-- table: visit_access
-- One row per visit: both channels in force at the deadline, or one proven not to be, or not shown.
SELECT a.focus, min(a.deadline) AS deadline, max(a.pending) AS pending,
  CASE WHEN min(a.granted) = 1 THEN 'met'
    WHEN max(a.pending) = 1 THEN 'unknown'
    WHEN max(CASE WHEN a.granted = 0 AND a.unclear = 0 AND (a.mentioned = 1 OR c.kind IS NOT NULL) THEN 1 ELSE 0 END) = 1 THEN 'not_met'
    ELSE 'unknown' END AS met,
  max(a.met_from) AS met_from, max(a.met_on) AS met_on, max(a.weakness) AS weakness, sum(a.granted) AS channels
FROM (
  SELECT d.focus, d.day AS deadline, d.pending, k.kind, coalesce(g.granted, 0) AS granted, coalesce(g.mentioned, 0) AS mentioned,
    coalesce(g.unclear, 0) AS unclear, g.met_from, g.met_on, g.weakness
  FROM (SELECT DISTINCT focus FROM access) AS v
  JOIN due AS d ON d.focus = v.focus
  CROSS JOIN (SELECT 'access-vdt' AS kind UNION ALL SELECT 'access-api') AS k
  LEFT JOIN access AS g ON g.focus = d.focus AND g.kind = k.kind
) AS a
LEFT JOIN closed AS c ON c.kind = a.kind
GROUP BY a.focus
UNION ALL
SELECT d.focus, d.day, d.pending, CASE WHEN d.pending = 0 AND c.channels > 0 THEN 'not_met' ELSE 'unknown' END, NULL, NULL, NULL, 0
FROM due AS d
CROSS JOIN (SELECT count(*) AS channels FROM closed WHERE kind IN ('access-vdt', 'access-api')) AS c
LEFT JOIN (SELECT DISTINCT focus FROM access) AS v ON v.focus = d.focus
WHERE v.focus IS NULL
;
