-- 0029_rectification_statuses.sql
-- A joint rectification that lasts is never silent: from 60 days on, each month has its public status.

-- A day is taken in disclosure_periods, as months and quarters are: what lasts is looked for once a day, not at each step.

-- Of which month a status was taken, whether it was drafted or its kind is never told one by one.
CREATE TABLE rectification_statuses (
    ticket_id bigint NOT NULL REFERENCES tickets,
    month     date NOT NULL,          -- Its first day, in China.
    taken_at  timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, month),
    CONSTRAINT rectification_statuses_begin_a_month CHECK (extract(day FROM month) = 1)
);
CREATE INDEX tickets_open_rectifications ON tickets (opened_at, id) WHERE ticket_kind = 'joint_rectification' AND closed_at IS NULL;

-- Whoever sets another limit says it in days and for every rectification, or nothing would ever be due.
ALTER TABLE limits ADD CONSTRAINT limits_status_is_in_days
    CHECK (clock <> 'd_status' OR (unit = 'd' AND num_nonnulls(kind, grade, condition) = 0));

-- Rectifications that are under way, which one that is only looked back at is not, and the day of China from which on each owes a status every month.
CREATE VIEW lasting_rectifications AS
SELECT t.id AS ticket_id, o.opened_on, o.opened_on + l.value AS owed_on
FROM tickets t CROSS JOIN LATERAL (SELECT (t.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS opened_on) o
CROSS JOIN (SELECT value FROM limits WHERE clock = 'd_status' ORDER BY version DESC, id DESC LIMIT 1) l
WHERE t.ticket_kind = 'joint_rectification' AND t.closed_at IS NULL AND t.state NOT IN ('proposed', 'look_back');

GRANT SELECT ON lasting_rectifications TO rongan_app;
GRANT SELECT, INSERT ON rectification_statuses TO rongan_app;
