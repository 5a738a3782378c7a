-- 0001_deployment.sql
-- What this database is: production or exercise, whose clock it runs on, and where its map is centred.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rongan_app') THEN
        CREATE ROLE rongan_app LOGIN;  -- The role of the processes: owns nothing.
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO rongan_app;

CREATE TYPE deployment_mode AS ENUM (
    'production',  -- Real time only; refuses a simulated clock.
    'exercise'     -- 演练: drills, demos, replays and tests; the clock may be simulated.
);

CREATE TABLE deployment (
    single       boolean PRIMARY KEY DEFAULT true,
    mode         deployment_mode NOT NULL,
    simulated_at timestamptz,            -- NULL: real time. Otherwise the time of every domain rule.
    rule_set     text NOT NULL,          -- Which kind groups and modes rule; see kind_groups.
    origin_lon   double precision NOT NULL,
    origin_lat   double precision NOT NULL,
    CONSTRAINT deployment_one_row CHECK (single),
    CONSTRAINT deployment_production_runs_on_real_time CHECK (mode = 'exercise' OR simulated_at IS NULL),
    CONSTRAINT deployment_origin_on_earth CHECK (origin_lon BETWEEN -180 AND 180 AND origin_lat BETWEEN -89 AND 89)
);

CREATE FUNCTION deployment_refuse_backwards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.mode <> NEW.mode THEN
        RAISE EXCEPTION 'a database keeps the mode it was created with' USING ERRCODE = '23514';
    END IF;
    IF OLD.simulated_at IS NOT NULL AND (NEW.simulated_at IS NULL OR NEW.simulated_at < OLD.simulated_at) THEN
        RAISE EXCEPTION 'the simulated clock moves only forwards' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER deployment_clock_moves_only_forwards
    BEFORE UPDATE ON deployment FOR EACH ROW EXECUTE FUNCTION deployment_refuse_backwards();

-- Which simulated time each process of an exercise lives in: whoever moves the clock waits for those that are seen.
CREATE UNLOGGED TABLE clock_confirmations (
    process text PRIMARY KEY,            -- Its name and a number of its own a life.
    at      timestamptz NOT NULL,        -- The simulated time that it has reached.
    seen_at timestamptz NOT NULL         -- Real time of the database: a process says each second that it is there.
);

GRANT SELECT, UPDATE (simulated_at) ON deployment TO rongan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON clock_confirmations TO rongan_app;
GRANT SELECT ON schema_migrations TO rongan_app;
