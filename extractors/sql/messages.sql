-- Messages and tasks: whose side sends, gets and owns each, and what that makes of what they say.
-- Reads: resolved_event, actor, post and the directory (directory.sql).

-- table: addressed
-- Who sends and gets each message about an order, and who owns each task on it.
SELECT m.source, m.focus, x.relation, x.target
FROM (
  SELECT DISTINCT source, focus FROM resolved_event
  WHERE kind IN ('summary-sent', 'prescription-transmitted', 'receipt-confirmed')
) AS m
JOIN current_reference AS x ON x.source = m.source AND x.relation IN ('sender', 'recipient', 'owner')
;

-- table: own_side
-- Whose an order, referral or visit is that a message or task is about: the one who asks, the practitioner behind, NPI, TIN and
-- organization.
SELECT DISTINCT e.focus, e.clinician AS requester, a.practitioner, e.npi, e.tin, o.value AS organization
FROM resolved_event AS e
JOIN (SELECT DISTINCT focus FROM addressed) AS m ON m.focus = e.focus
LEFT JOIN actor AS a ON a.actor = e.clinician
LEFT JOIN current_directory AS o ON o.key = e.clinician AND o.attribute = 'organization'
WHERE e.kind IN ('prescription-written', 'referral-made', 'patient-seen', 'transition-made') AND e.clinician IS NOT NULL
;

-- table: party
-- Each of them, seen from the one who asked: herself, her side, the performer, or surely another (`stranger`: surely not of the
-- performer's). A TIN that is not known decides nothing.
SELECT m.source, m.focus, m.relation, m.target,
  CASE WHEN i.key IS NOT NULL THEN 'insurer'
    WHEN m.target LIKE 'Organization/%' OR m.target LIKE '%!Organization/%' OR m.target LIKE 'Organization?%' THEN 'organization'
    WHEN m.target LIKE 'Device/%' OR m.target LIKE '%!Device/%' THEN 'device'
    WHEN m.target LIKE 'Patient/%' OR m.target LIKE '%!Patient/%' OR m.target LIKE 'Patient?%'
      OR m.target LIKE 'RelatedPerson/%' OR m.target LIKE '%!RelatedPerson/%' OR m.target LIKE 'RelatedPerson?%' THEN 'patient'
    WHEN m.target LIKE '?%' THEN 'unknown' ELSE 'person' END AS sort,
  max(CASE WHEN m.target = s.requester OR a.practitioner = s.practitioner OR a.npi = s.npi THEN 1 ELSE 0 END) AS herself,
  max(CASE WHEN a.tin = s.tin OR w.tin = s.tin OR m.target = s.organization OR o.value = s.organization THEN 1 ELSE 0 END) AS same_side,
  max(CASE WHEN m.target = p.clinician OR a.practitioner = b.practitioner OR a.npi = p.npi OR o.value = p.clinician
    THEN 1 ELSE 0 END) AS performer,
  max(CASE WHEN p.clinician IS NULL THEN 0 ELSE 1 END) AS addressee_named,
  min(CASE WHEN p.clinician IS NULL OR coalesce(a.tin, w.tin) = p.tin THEN 0
    WHEN coalesce(a.tin, w.tin) <> p.tin OR a.npi <> p.npi THEN 1 ELSE 0 END) AS stranger,
  max(CASE WHEN coalesce(a.tin, w.tin) <> s.tin OR m.target LIKE 'Patient/%' OR m.target LIKE '%!Patient/%'
    OR m.target LIKE 'RelatedPerson/%' OR m.target LIKE '%!RelatedPerson/%' THEN 1 ELSE 0 END) AS other
FROM addressed AS m
JOIN own_side AS s ON s.focus = m.focus
LEFT JOIN actor AS a ON a.actor = m.target
LEFT JOIN current_directory AS o ON o.key = m.target AND o.attribute = 'organization'
LEFT JOIN post AS w ON w.practitioner = a.practitioner
LEFT JOIN current_directory AS i ON i.key = m.target AND i.attribute = 'insurer'
LEFT JOIN resolved_event AS p ON p.kind = 'referral-received' AND p.focus = m.focus
LEFT JOIN actor AS b ON b.actor = p.clinician
GROUP BY m.source, m.focus, m.relation, m.target, i.key
;

-- table: meant_for_another
-- Messages about several orders that reach only the performers of others: one document serves several referrals only
-- where it is sent to each. Who is nobody's performer may pass it on, and decides nothing.
SELECT m.source, m.focus
FROM party AS m
JOIN (
  SELECT source, target, max(performer) AS performs FROM party WHERE relation = 'recipient' GROUP BY source, target
) AS r ON r.source = m.source AND r.target = m.target
WHERE m.relation = 'recipient'
GROUP BY m.source, m.focus
HAVING max(m.addressee_named) = 1 AND max(m.performer) = 0 AND min(r.performs) = 1
;

-- table: message_side
-- One row per message or task and order: whether its sender is ours, another or not shown to be ours; whether the
-- one who asked, or somebody else, gets it; whether a pharmacy may be among those who get it; and whether the
-- task is the own side's. A performer of the same TIN is a partner: to her it is sent, and she receives it.
SELECT source, focus,
  max(CASE WHEN relation = 'sender' THEN
    CASE WHEN herself = 1 THEN 'ours' WHEN sort = 'patient' THEN 'patient' WHEN performer = 1 THEN 'other'
      WHEN same_side = 1 OR sort = 'device' THEN 'ours'
      WHEN other = 1 THEN 'other' ELSE 'not shown' END END) AS sender,
  max(CASE WHEN relation = 'recipient' AND performer = 0 AND (herself = 1 OR (same_side = 1 AND sort = 'organization'))
    THEN 1 ELSE 0 END) AS to_us,
  max(CASE WHEN relation = 'recipient' AND herself = 0 AND sort NOT IN ('patient', 'insurer') AND (performer = 1 OR same_side = 0) THEN 1 ELSE 0 END) AS to_others,
  max(CASE WHEN relation = 'recipient' THEN 1 ELSE 0 END) AS addressed,
  max(CASE WHEN relation = 'recipient' AND sort = 'unknown' THEN 1 ELSE 0 END) AS to_unknown,
  max(CASE WHEN relation = 'recipient' AND sort = 'organization' AND same_side = 0 AND herself = 0 THEN 1 ELSE 0 END) AS to_pharmacy,
  max(CASE WHEN relation = 'owner' AND performer = 0 THEN stranger ELSE 0 END) AS strange,
  max(CASE WHEN relation = 'owner' AND herself = 0 AND performer = 1 THEN 0
    WHEN relation = 'owner' AND (herself = 1 OR same_side = 1 OR sort IN ('patient', 'insurer')) THEN 1 ELSE 0 END) AS internal
FROM party
GROUP BY source, focus
;
