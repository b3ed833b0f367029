-- Nobody's: what a period counts, or may count, for no clinician or no TIN.
-- Reads: unattributed (left_out.sql), placed (tallies.sql).

-- table: nobodys
-- Cases without an NPI or a TIN that are in the period, or may be, with the reason.
SELECT u.why, u.measure, u.focus, u.tin, u.npi, p.occurred
FROM unattributed AS u
JOIN placed AS p ON p.measure = u.measure AND p.focus = u.focus AND coalesce(p.tin, '') = coalesce(u.tin, '')
  AND coalesce(p.npi, '') = coalesce(u.npi, '')
WHERE p.variant IN ('controlled-included', 'all') AND NOT (p.place = 'out' AND p.group_place = 'out')
;
