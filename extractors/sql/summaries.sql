-- Received summaries of care with their contexts, and the reconciliation of their three lists.
-- Reads: incoming (contexts.sql); fact, verdict, current_reference; closed, setting.

-- table: incomplete_document
-- Documents that are C-CDA by their own content and lack a section of the three: who sent one sent no complete
-- summary, but who received it has a summary to reconcile.
SELECT DISTINCT f.focus
FROM fact AS f
JOIN (
  SELECT focus, min(rank) AS rank FROM fact WHERE kind = 'summary-complete' AND answer <> 'unknown' GROUP BY focus
) AS b ON b.focus = f.focus AND b.rank = f.rank
WHERE f.kind = 'summary-complete' AND f.detail = 'incomplete'
;

-- table: replaced_document
-- Received documents whose replacement was received too: the replacement is the one that counts.
SELECT DISTINCT x.target AS focus
FROM current_reference AS x
JOIN fact AS d ON d.source = x.source AND d.kind = 'summary-complete'
JOIN fact AS r ON r.kind = 'summary-received' AND r.answer = 'met' AND r.focus = d.focus
LEFT JOIN verdict AS v ON v.focus = d.focus AND v.kind = 'summary-complete'
LEFT JOIN incomplete_document AS i ON i.focus = d.focus
WHERE (coalesce(v.answer, '') <> 'not_met' OR i.focus IS NOT NULL) AND x.relation = 'replaces' AND x.target <> d.focus
;

-- table: received_document
-- One row per received document: its patient, the days of its receipt, and whether it is surely a summary of
-- care. A PDF, a draft or a document entered in error is none; of a form that is not shown it is not known,
-- unless the receipt itself is asserted to be that of a summary.
SELECT f.focus, d.patient, f.npi, f.tin, min(f.day_from) AS day_from, min(f.day_to) AS day_to,
  max(CASE WHEN f.answer = 'met' AND (f.grade = 'asserted' OR v.answer = 'met' OR i.focus IS NOT NULL) THEN 1 ELSE 0 END) AS sure
FROM fact AS f
LEFT JOIN (SELECT focus, min(patient) AS patient FROM fact WHERE kind = 'summary-complete' GROUP BY focus) AS d ON d.focus = f.focus
LEFT JOIN verdict AS v ON v.focus = f.focus AND v.kind = 'summary-complete'
LEFT JOIN incomplete_document AS i ON i.focus = f.focus
LEFT JOIN replaced_document AS x ON x.focus = f.focus
WHERE f.kind = 'summary-received' AND f.answer <> 'not_met' AND x.focus IS NULL
  AND (coalesce(v.answer, '') <> 'not_met' OR i.focus IS NOT NULL)
GROUP BY f.focus, d.patient, f.npi, f.tin
;

-- table: received_context
-- One row per received document and context of its patient. A document that names no clinician belongs to the
-- clinicians of its patient's contexts; one that somebody of their TIN received who has no context may be theirs (`others`); a
-- document whose patient is not known keeps its reporter, if it names one, and has no context: it is never dropped, and
-- never counted.
SELECT r.focus, r.patient, r.sure, r.day_from, r.day_to, c.day, c.day_to AS until_day,
  CASE WHEN c.certain = 'yes' AND r.others = 0 THEN 'yes' ELSE 'unknown' END AS certain, r.others,
  coalesce(c.in_group, 'yes') AS in_group,
  CASE WHEN r.patient IS NULL THEN r.npi ELSE c.npi END AS npi, CASE WHEN r.patient IS NULL THEN r.tin ELSE c.tin END AS tin
FROM (
  SELECT d.*, CASE WHEN d.npi IS NOT NULL AND d.tin IS NOT NULL AND k.npi IS NULL THEN 1 ELSE 0 END AS others
  FROM received_document AS d
  LEFT JOIN (SELECT DISTINCT patient, npi, tin FROM incoming) AS k ON k.patient = d.patient AND k.npi = d.npi AND k.tin = d.tin
) AS r
LEFT JOIN incoming AS c ON c.patient = r.patient AND (
  (r.npi IS NULL AND r.tin IS NULL)
  OR (c.tin = r.tin AND (r.npi IS NULL OR c.npi = r.npi OR r.others = 1))
  OR (r.tin IS NULL AND c.npi = r.npi)
)
WHERE r.patient IS NULL OR c.patient IS NOT NULL
;

-- table: received_summary
-- One row per received document and reporter. Which contexts fall in a period is decided period by period; the
-- nearest certain ones before and after the receipt are shown.
SELECT focus, patient, npi, tin, min(day_from) AS day_from, min(day_to) AS day_to, max(sure) AS sure,
  max(CASE WHEN certain = 'yes' THEN 1 ELSE 0 END) AS certain, max(others) AS others,
  max(CASE WHEN certain = 'yes' AND day <= day_to THEN day END) AS context_before,
  min(CASE WHEN certain = 'yes' AND day >= day_from THEN day END) AS context_after
FROM received_context
GROUP BY focus, patient, npi, tin
;

-- table: reconciliation
-- One row per document: all three lists reconciled on that very document, or not, or not shown.
SELECT d.focus,
  CASE
    WHEN min(coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END)) = 'met'
      AND max(coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END)) = 'met' THEN 'met'
    WHEN max(CASE WHEN coalesce(v.answer, CASE WHEN c.kind IS NULL THEN 'unknown' ELSE 'not_met' END) = 'not_met' THEN 1 ELSE 0 END) = 1
      THEN 'not_met'
    ELSE 'unknown'
  END AS met,
  sum(CASE WHEN v.answer = 'met' THEN 1 ELSE 0 END) AS lists,
  max(CASE WHEN v.answer = 'met' AND v.day_from IS NULL THEN 1 ELSE 0 END) AS undated,
  max(v.day_from) AS met_from, max(v.day_to) AS met_on, min(v.day_to) AS first_on, min(v.grade) AS grade
FROM (SELECT DISTINCT focus FROM received_summary) AS d
CROSS JOIN (
  SELECT 'medications-reconciled' AS kind UNION ALL SELECT 'allergies-reconciled' UNION ALL SELECT 'problems-reconciled'
) AS k
LEFT JOIN verdict AS v ON v.focus = d.focus AND v.kind = k.kind
LEFT JOIN closed AS c ON c.kind = k.kind
GROUP BY d.focus
;

-- table: appended_document
-- Received documents that were appended to another received one (DocumentReference.relatesTo appends).
SELECT coalesce(c.same_as, x.source) AS focus, min(x.target) AS whole
FROM current_reference AS x
LEFT JOIN canonical AS c ON c.key = x.source
JOIN (SELECT DISTINCT focus FROM received_summary) AS d ON d.focus = x.target
WHERE x.relation = 'appends' AND x.target <> coalesce(c.same_as, x.source)
GROUP BY coalesce(c.same_as, x.source)
;

-- table: reconciled_summary
-- One row per received document and reporter, with the document that it is a part of and the answer of its three lists.
-- A list that was reconciled on a day before the document came contradicts the receipt: one of the days is wrong.
SELECT d.focus, d.patient, d.npi, d.tin, d.day_from, d.day_to, d.sure, d.certain, d.others, d.context_before, d.context_after,
  coalesce(b.whole, a.whole, d.focus) AS whole,
  CASE WHEN r.met = 'met' AND (r.undated = 1 OR r.first_on < d.day_from) THEN 'unknown' ELSE r.met END AS met,
  CASE WHEN r.met = 'met' AND r.first_on < d.day_from THEN 1 ELSE 0 END AS too_early, r.undated,
  r.lists, r.met_from, r.met_on, r.grade
FROM received_summary AS d
JOIN reconciliation AS r ON r.focus = d.focus
LEFT JOIN appended_document AS a ON a.focus = d.focus
LEFT JOIN appended_document AS b ON b.focus = a.whole
;

-- table: session
-- Where the site counts sessions: documents with all that was appended to them whose three lists were completed on one
-- local day, and that day. What one reporter completed for one patient on it is one session.
SELECT d.whole, d.npi, d.tin, min(d.met_on) AS day
FROM reconciled_summary AS d
CROSS JOIN setting AS s
WHERE s.recon_by_session
GROUP BY d.whole, d.npi, d.tin
HAVING min(d.met) = 'met' AND max(d.met) = 'met' AND min(d.met_from) = max(d.met_on)
;
