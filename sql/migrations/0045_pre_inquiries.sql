-- A question before a dispute is told from a dispute: it moves no money.

ALTER TABLE disputes DROP CONSTRAINT disputes_status_check;
ALTER TABLE disputes ADD CONSTRAINT disputes_status_check
    CHECK (status IN ('inquiry', 'needs_response', 'under_review', 'won', 'lost'));
DROP INDEX disputes_open;
CREATE INDEX disputes_open ON disputes (respond_by) WHERE status IN ('inquiry', 'needs_response', 'under_review');
