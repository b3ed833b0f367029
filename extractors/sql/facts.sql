-- Facts: what is held for each kind and focus, and the verdict where several pieces of evidence speak.
-- Reads: resolved_event (directory.sql), message_side and meant_for_another (messages.sql), current_resource.

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
JOIN current_resource AS r ON r.key = e.source AND r.type IN ('Communication', 'Task')
LEFT JOIN message_side AS m ON m.source = e.source AND m.focus = e.focus
LEFT JOIN meant_for_another AS n ON n.source = e.source AND n.focus = e.focus AND r.type = 'Communication'
;

-- table: fact
-- What is held for a fact, after what the parties of its message make of it. A copy by fax, on paper or by word of mouth takes
-- nothing back that was sent electronically.
SELECT e.kind, CASE WHEN e.answer = 'met' AND m.doubt IS NOT NULL THEN 'unknown' ELSE e.answer END AS answer,
  CASE WHEN e.answer = 'met' THEN coalesce(m.doubt, e.reason) ELSE e.reason END AS reason,
  e.focus, e.holder, e.source, e.patient, e.clinician, e.npi, e.tin, e.from_utc, e.to_utc, e.day_from, e.day_to, e.ended_day,
  e.code_system, e.code, e.codings, e.counterpart, e.identifier, e.detail, e.setting, e.visit_class, e.grade, e.rank,
  e.rule
FROM resolved_event AS e
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

-- table: verdict
-- One row per focus and kind that other kinds rest on: what the best ranked evidence says. A contradiction between equals, or with
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
  FROM fact
  WHERE kind IN ('prescription-transmitted', 'summary-sent', 'summary-complete', 'receipt-confirmed', 'information-available',
    'medications-reconciled', 'allergies-reconciled', 'problems-reconciled')
  GROUP BY focus, kind
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
