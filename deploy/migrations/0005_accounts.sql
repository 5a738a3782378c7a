-- 0005_accounts.sql
-- Who works with the system: users with roles and an area, and their sessions.

CREATE TYPE user_role AS ENUM (
    'call_taker',      -- 受理员
    'duty_officer',    -- 值班员
    'shift_leader',    -- 值班长
    'dept_handler',    -- 承办人
    'dept_head',       -- 承办单位负责人
    'field_unit',      -- 处置力量
    'verifier',        -- 核查员
    'callback_agent',  -- 回访员
    'supervisor',      -- 督查督办
    'committee',       -- 村(居)民委员会
    'subdistrict',     -- 街道办
    'auditor',         -- 审计
    'engineer'         -- 运维工程师: devices, clock, quarantine; no tickets
);

CREATE TABLE users (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login           text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._-]{2,64}$'),
    zh_name         text NOT NULL,
    password_hash   text NOT NULL,        -- argon2id
    roles           user_role[] NOT NULL CHECK (cardinality(roles) > 0),
    organisation_id text REFERENCES organisations,
    area_id         text NOT NULL REFERENCES areas,   -- Sees this area and what lies in it.
    enabled         boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL
);

CREATE TABLE sessions (
    token_hash   bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),  -- sha256; the token itself is never stored
    user_id      bigint NOT NULL REFERENCES users,
    created_at   timestamptz NOT NULL,    -- Sessions run on the database's real clock.
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    browser      boolean NOT NULL
);

ALTER TABLE hotline_calls ADD CONSTRAINT hotline_calls_taken_by_a_user FOREIGN KEY (taken_by) REFERENCES users;

GRANT SELECT, INSERT, UPDATE ON users TO rongan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO rongan_app;
