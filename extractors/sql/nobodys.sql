-- Nobody's: what a period counts, or may count, for no clinician or no TIN.
-- Reads: unattributed (left_out.sql), placed (tallies.sql).

-- table: nobodys
-- Cases without an NPI or a TIN that are in the period, or may be, with the reason. Of nearly all it is the plain one of the two, so
-- that only the others are looked up. A case that stands twice counts once, with the first of its days.
SELECT coalesce(u.why, CASE WHEN p.npi IS NULL THEN 'nobody named' ELSE 'no TIN' END) AS why, p.measure, p.focus, p.tin, p.npi,
  min(p.occurred) AS occurred
FROM placed AS p
LEFT JOIN (SELECT * FROM unattributed WHERE why NOT IN ('nobody named', 'no TIN')) AS u ON u.measure = p.measure AND u.focus = p.focus
  AND coalesce(u.tin, '') = coalesce(p.tin, '') AND coalesce(u.npi, '') = coalesce(p.npi, '')
WHERE (p.npi IS NULL OR p.tin IS NULL) AND p.variant IN ('controlled-included', 'all')
  AND NOT (p.place = 'out' AND p.group_place = 'out')
GROUP BY coalesce(u.why, CASE WHEN p.npi IS NULL THEN 'nobody named' ELSE 'no TIN' END), p.measure, p.focus, p.tin, p.npi
;
