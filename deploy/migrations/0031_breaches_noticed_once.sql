-- 0031_breaches_noticed_once.sql
-- A late run is recorded when it is noticed, and no more tried with every later word on its clock: half of all numbers were spent so.

DROP TRIGGER ticket_clocks_record_a_breach ON ticket_clocks;
CREATE TRIGGER ticket_clocks_begin_with_a_breach AFTER INSERT ON ticket_clocks
    FOR EACH ROW WHEN (NEW.breached_at IS NOT NULL) EXECUTE FUNCTION record_breach();
CREATE TRIGGER ticket_clocks_record_a_breach AFTER UPDATE OF breached_at ON ticket_clocks
    FOR EACH ROW WHEN (NEW.breached_at IS NOT NULL AND NEW.breached_at IS DISTINCT FROM OLD.breached_at) EXECUTE FUNCTION record_breach();
