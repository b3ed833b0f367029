-- Facts: what is held for each kind and focus, and the verdict where several pieces of evidence speak.
-- Reads: resolved_event (directory.sql), message_side and meant_for_another (messages.sql), resource (extractors/tables.py).

-- table: message_doubt
-- Every event of a message or task with what its parties make of it: what is `idle` says nothing, what has a doubt decides
-- nothing. The other side's reply is no sending of ours, a message to anyone but a pharmacy transmits no prescription, a task of the
-- own side, of the patient or of an insurer transmits and confirms nothing, and what
-- went to the performer of another referral says nothing of this one.
SELECT DISTINCT e.kind, e.focus, e.source,
  CASE WHEN n.focus IS NOT NULL
    OR (r.type = 'Communication' AND e.kind IN ('summary-sent', 'prescription-transmitted') AND coalesce(m.sender, '') IN ('other', 'patient'))
    OR (r.type = 'Communication' AND e.kind = 'summary-sent' AND coalesce(m.addressed, 0) = 1
      AND (m.to_others = 0 OR (m.to_us = 1 AND coalesce(m.sender, '') <> 'ours')))
    OR (r.type = 'Communication' AND e.kind = 'receipt-confirmed' AND coalesce(m.sender, '') <> 'other'
      AND ((coalesce(m.addressed, 0) = 1 AND m.to_others = 0) OR coalesce(m.sender, '') = 'patient'))
    OR (r.type = 'Communication' AND e.kind = 'prescription-transmitted' AND coalesce(m.addressed, 0) = 1
      AND m.to_pharmacy = 0 AND m.to_unknown = 0)
    OR (r.type = 'Task' AND e.kind IN ('receipt-confirmed', 'prescription-transmitted') AND coalesce(m.internal, 0) = 1)
    THEN 1 ELSE 0 END AS idle,
  CASE WHEN r.type = 'Task' AND e.kind = 'receipt-confirmed' AND m.strange = 1 THEN 'the task is of somebody else than the one who was asked'
    WHEN r.type <> 'Communication' THEN NULL
    WHEN e.kind IN ('summary-sent', 'prescription-transmitted') AND m.sender = 'not shown'
      THEN 'whether the sender of the message is on our side is not shown'
    WHEN e.kind = 'prescription-transmitted' AND (coalesce(m.addressed, 0) = 0 OR (m.to_pharmacy = 0 AND m.to_unknown = 1))
      THEN 'the message names no pharmacy' END AS doubt
FROM resolved_event AS e
JOIN (SELECT DISTINCT key, type FROM resource WHERE type IN ('Communication', 'Task')) AS r ON r.key = e.source
LEFT JOIN message_side AS m ON m.source = e.source AND m.focus = e.focus
LEFT JOIN meant_for_another AS n ON n.source = e.source AND n.focus = e.focus AND r.type = 'Communication'
;

-- table: manifold
-- Resources with several events of a kind: these alone may say one thing twice.
SELECT source, kind FROM resolved_event GROUP BY source, kind HAVING count(*) > 1
;

-- table: fact
-- What is held for a fact, after what the parties of its message make of it, each once. A copy by fax, on paper or by word of mouth
-- takes nothing back that was sent electronically.
SELECT e.kind, CASE WHEN e.answer = 'met' AND m.doubt IS NOT NULL THEN 'unknown' ELSE e.answer END AS answer,
  CASE WHEN e.answer = 'met' THEN coalesce(m.doubt, e.reason) ELSE e.reason END AS reason,
  e.focus, e.holder, e.source, e.patient, e.clinician, e.npi, e.tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, e.codings, e.counterpart, e.identifier, e.detail, e.setting, e.stay, e.grade, e.rank,
  e.rule
FROM (
  SELECT o.*
  FROM resolved_event AS o
  LEFT JOIN manifold AS n ON n.source = o.source AND n.kind = o.kind
  WHERE n.source IS NULL
  UNION ALL
  SELECT DISTINCT o.* FROM resolved_event AS o JOIN manifold AS n ON n.source = o.source AND n.kind = o.kind
) AS e
LEFT JOIN message_doubt AS m ON m.kind = e.kind AND m.focus = e.focus AND m.source = e.source
LEFT JOIN (
  SELECT DISTINCT k.kind, k.focus, k.rule
  FROM (SELECT DISTINCT kind, focus, rule FROM resolved_event WHERE detail = 'not electronic') AS p
  JOIN resolved_event AS k ON k.kind = p.kind AND k.focus = p.focus AND k.rule = p.rule
  LEFT JOIN message_doubt AS d ON d.kind = k.kind AND d.focus = k.focus AND d.source = k.source
  WHERE k.answer = 'met' AND d.doubt IS NULL AND coalesce(d.idle, 0) = 0
) AS s ON e.detail = 'not electronic' AND s.kind = e.kind AND s.focus = e.focus AND s.rule = e.rule
WHERE coalesce(m.idle, 0) = 0 AND s.kind IS NULL
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

-- table: testimony
-- What is said of the kinds that others rest on.
SELECT focus, kind, answer, reason, rank, grade, from_utc, to_utc, day_from, day_to, counterpart
FROM fact
WHERE kind IN ('prescription-transmitted', 'summary-sent', 'summary-complete', 'receipt-confirmed', 'information-available',
  'medications-reconciled', 'allergies-reconciled', 'problems-reconciled')
;

-- table: often_told
-- Of what several pieces of evidence speak.
SELECT focus, kind FROM testimony GROUP BY focus, kind HAVING count(*) > 1
;

-- table: weighed
-- The best ranked evidence of each focus and kind of these, and what contradicts it: its equals, and assertions. `told` is the reason
-- where nothing is definite, and `rank` null then.
SELECT t.focus, t.kind, CASE WHEN t.answer <> 'unknown' THEN t.rank END AS rank, t.reason AS told,
  CASE t.answer WHEN 'met' THEN 1 WHEN 'not_met' THEN 0 END AS met, CASE t.answer WHEN 'met' THEN 0 WHEN 'not_met' THEN 1 END AS failed,
  CASE WHEN t.answer = 'not_met' AND t.to_utc IS NULL THEN 1 ELSE 0 END AS undated,
  CASE WHEN t.answer = 'not_met' THEN t.to_utc END AS failed_utc, CASE WHEN t.answer = 'met' THEN t.from_utc END AS met_utc,
  CASE WHEN t.answer <> 'unknown' THEN t.reason END AS reason,
  CASE WHEN t.answer = 'met' THEN t.from_utc END AS from_utc, CASE WHEN t.answer = 'met' THEN t.to_utc END AS to_utc,
  CASE WHEN t.answer = 'met' THEN t.day_from END AS day_from, CASE WHEN t.answer = 'met' THEN t.day_to END AS day_to,
  CASE WHEN t.answer = 'met' THEN t.grade END AS grade, CASE WHEN t.answer = 'met' THEN t.counterpart END AS counterpart
FROM testimony AS t
LEFT JOIN often_told AS o ON o.focus = t.focus AND o.kind = t.kind
WHERE o.focus IS NULL
UNION ALL
SELECT b.focus, b.kind, b.rank, max(b.reason), max(d.met), max(d.failed), max(d.undated), max(d.failed_utc), max(d.met_utc), max(d.reason),
  min(CASE WHEN d.rank = b.rank THEN d.met_utc END), min(CASE WHEN d.rank = b.rank THEN d.met_to END),
  min(CASE WHEN d.rank = b.rank THEN d.day_from END), min(CASE WHEN d.rank = b.rank THEN d.day_to END),
  min(CASE WHEN d.rank = b.rank THEN d.grade END), min(CASE WHEN d.rank = b.rank THEN d.counterpart END)
FROM (
  SELECT t.focus, t.kind, min(CASE WHEN t.answer <> 'unknown' THEN t.rank END) AS rank, max(t.reason) AS reason
  FROM testimony AS t
  JOIN often_told AS o ON o.focus = t.focus AND o.kind = t.kind
  GROUP BY t.focus, t.kind
) AS b
LEFT JOIN (
  SELECT t.focus, t.kind, t.rank, t.reason,
    CASE WHEN t.answer = 'met' THEN 1 ELSE 0 END AS met,
    CASE WHEN t.answer = 'not_met' THEN 1 ELSE 0 END AS failed,
    CASE WHEN t.answer = 'not_met' AND t.to_utc IS NULL THEN 1 ELSE 0 END AS undated,
    CASE WHEN t.answer = 'not_met' THEN t.to_utc END AS failed_utc,
    CASE WHEN t.answer = 'met' THEN t.from_utc END AS met_utc,
    CASE WHEN t.answer = 'met' THEN t.to_utc END AS met_to,
    CASE WHEN t.answer = 'met' THEN t.day_from END AS day_from,
    CASE WHEN t.answer = 'met' THEN t.day_to END AS day_to,
    CASE WHEN t.answer = 'met' THEN t.grade END AS grade,
    CASE WHEN t.answer = 'met' THEN t.counterpart END AS counterpart,
    CASE WHEN t.grade = 'asserted' THEN 1 ELSE 0 END AS asserted
  FROM testimony AS t
  JOIN often_told AS o ON o.focus = t.focus AND o.kind = t.kind
  WHERE t.answer <> 'unknown'
) AS d ON d.focus = b.focus AND d.kind = b.kind AND (d.rank = b.rank OR d.asserted = 1)
GROUP BY b.focus, b.kind, b.rank
;

-- table: verdict
-- One row per focus and kind of these: what the best ranked evidence says. A contradiction between equals, or with
-- an assertion, is unknown; a success after a failure is a success. Dates are those of the first success.
SELECT focus, kind,
  CASE
    WHEN rank IS NULL THEN 'unknown'
    WHEN met = 1 AND (failed = 0 OR (undated = 0 AND failed_utc < met_utc)) THEN 'met'
    WHEN met = 1 THEN 'unknown'
    ELSE 'not_met'
  END AS answer,
  CASE
    WHEN rank IS NULL THEN told
    WHEN met = 1 AND failed = 1 AND (undated = 1 OR coalesce(failed_utc >= met_utc, TRUE)) THEN 'conflict: evidence contradicts itself'
    WHEN met = 0 THEN reason
  END AS reason,
  from_utc, to_utc, day_from, day_to, grade, counterpart
FROM weighed
;
