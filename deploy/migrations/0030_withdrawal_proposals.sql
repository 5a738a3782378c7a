-- 0030_withdrawal_proposals.sql
-- What was published of a ticket whose kind turns out to be one that is never told: its withdrawal is proposed.

ALTER TABLE disclosures ADD COLUMN withdrawal_proposed_at timestamptz;  -- When the platform first asked a person to take it back.

-- A ticket with something published whose kind became one that is never told: by a correction of the ticket, or of the list of
-- such kinds. Noted with it; the disclosure stage takes each once.
CREATE TABLE undisclosed_corrections (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets,
    kind      text NOT NULL REFERENCES event_kinds,
    taken_at  timestamptz
);
CREATE UNIQUE INDEX undisclosed_corrections_waiting ON undisclosed_corrections (ticket_id, kind) WHERE taken_at IS NULL;

CREATE FUNCTION note_corrected_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO undisclosed_corrections (ticket_id, kind)
    SELECT NEW.id, NEW.kind
    WHERE EXISTS (SELECT FROM undisclosed_kinds u
                  WHERE u.kind = NEW.kind AND u.version = (SELECT max(version) FROM undisclosed_kinds))
      AND EXISTS (SELECT FROM disclosures d WHERE d.ticket_id = NEW.id AND d.state = 'published')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER tickets_note_corrections AFTER UPDATE OF kind ON tickets
    FOR EACH ROW WHEN (NEW.kind <> OLD.kind) EXECUTE FUNCTION note_corrected_ticket();

-- Only what the list in force names anew: the rest was never published, or was noted with the version before.
CREATE FUNCTION note_undisclosed_kind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    in_force integer := (SELECT max(version) FROM undisclosed_kinds);
    before   integer := (SELECT max(version) FROM undisclosed_kinds WHERE version < NEW.version);
BEGIN
    IF NEW.version <> in_force OR EXISTS (SELECT FROM undisclosed_kinds u WHERE u.kind = NEW.kind AND u.version = before) THEN
        RETURN NULL;
    END IF;
    INSERT INTO undisclosed_corrections (ticket_id, kind)
    SELECT DISTINCT d.ticket_id, NEW.kind FROM disclosures d JOIN tickets t ON t.id = d.ticket_id
    WHERE d.state = 'published' AND t.kind = NEW.kind
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER undisclosed_kinds_note_published AFTER INSERT ON undisclosed_kinds
    FOR EACH ROW EXECUTE FUNCTION note_undisclosed_kind();

GRANT UPDATE (withdrawal_proposed_at) ON disclosures TO rongan_app;
GRANT SELECT, INSERT, UPDATE (taken_at) ON undisclosed_corrections TO rongan_app;
