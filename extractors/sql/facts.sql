-- Facts: what is held for each kind and focus, and the verdict where several pieces of evidence speak.
-- Reads: told (messages.sql).

-- table: fact
-- What is held for a fact. A copy by fax, on paper or by word of mouth takes nothing back that was sent electronically.
SELECT e.kind, CASE WHEN e.doubt IS NULL THEN e.answer ELSE 'unknown' END AS answer, coalesce(e.doubt, e.reason) AS reason,
  e.focus, e.holder, e.source, e.patient, e.clinician, e.npi, e.tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, e.codings, e.display, e.counterpart, e.identifier, e.detail, e.setting, e.visit_class, e.grade, e.rank,
  e.rule, e.zone_assumed
FROM told AS e
WHERE NOT (coalesce(e.detail, '') = 'not electronic' AND EXISTS (
  SELECT 1 FROM told AS t WHERE t.kind = e.kind AND t.focus = e.focus AND t.rule = e.rule AND t.answer = 'met' AND t.doubt IS NULL
))
;

-- table: seen_reporter
-- Everyone to whom any fact of any year belongs.
SELECT DISTINCT tin, npi FROM fact WHERE tin IS NOT NULL OR npi IS NOT NULL
;

-- table: prescribed
-- The codings of all drugs that were prescribed, as one text each; empty where the order is not coded.
SELECT DISTINCT coalesce(codings, '') AS codings
FROM fact WHERE kind = 'prescription-written'
;

-- table: verdict
-- One row per focus and kind: what the best ranked evidence says. A contradiction between equals, or with
-- an assertion, is unknown; a success after a failure is a success. Dates are those of the first success.
SELECT
  b.focus, b.kind,
  CASE
    WHEN b.rank IS NULL THEN 'unknown'
    WHEN max(d.met) = 1 AND (max(d.failed) = 0 OR (max(d.undated) = 0 AND max(d.failed_utc) < max(d.met_utc))) THEN 'met'
    WHEN max(d.met) = 1 THEN 'unknown'
    ELSE 'not_met'
  END AS answer,
  CASE
    WHEN b.rank IS NULL THEN max(b.reason)
    WHEN max(d.met) = 1 AND max(d.failed) = 1 AND (max(d.undated) = 1 OR coalesce(max(d.failed_utc) >= max(d.met_utc), TRUE))
      THEN 'conflict: evidence contradicts itself'
    WHEN max(d.met) = 0 THEN max(d.reason)
  END AS reason,
  min(CASE WHEN d.rank = b.rank THEN d.met_utc END) AS from_utc, min(CASE WHEN d.rank = b.rank THEN d.met_to END) AS to_utc,
  min(CASE WHEN d.rank = b.rank THEN d.day_from END) AS day_from, min(CASE WHEN d.rank = b.rank THEN d.day_to END) AS day_to,
  min(CASE WHEN d.rank = b.rank THEN d.grade END) AS grade, min(CASE WHEN d.rank = b.rank THEN d.counterpart END) AS counterpart
FROM (
  SELECT focus, kind, min(CASE WHEN answer <> 'unknown' THEN rank END) AS rank, max(reason) AS reason
  FROM fact GROUP BY focus, kind
) AS b
LEFT JOIN (
  SELECT focus, kind, rank, reason,
    CASE WHEN answer = 'met' THEN 1 ELSE 0 END AS met,
    CASE WHEN answer = 'not_met' THEN 1 ELSE 0 END AS failed,
    CASE WHEN answer = 'not_met' AND to_utc IS NULL THEN 1 ELSE 0 END AS undated,
    CASE WHEN answer = 'not_met' THEN to_utc END AS failed_utc,
    CASE WHEN answer = 'met' THEN from_utc END AS met_utc,
    CASE WHEN answer = 'met' THEN to_utc END AS met_to,
    CASE WHEN answer = 'met' THEN day_from END AS day_from,
    CASE WHEN answer = 'met' THEN day_to END AS day_to,
    CASE WHEN answer = 'met' THEN grade END AS grade,
    CASE WHEN answer = 'met' THEN counterpart END AS counterpart,
    CASE WHEN grade = 'asserted' THEN 1 ELSE 0 END AS asserted
  FROM fact WHERE answer <> 'unknown'
) AS d ON d.focus = b.focus AND d.kind = b.kind AND (d.rank = b.rank OR d.asserted = 1)
GROUP BY b.focus, b.kind, b.rank
;
