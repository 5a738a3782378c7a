"""Settings come from the environment over the file over defaults, and secrets never from a default."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from runtime.settings import DatabaseNotRunning, Settings, with_database, with_role
from runtime.supervisor.home import Home, SecretMissing


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RONGAN_{name.upper()}", raising=False)


def test_environment_wins_over_the_file_and_the_file_over_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rongan.toml").write_text("mqtt_port = 2883\nhttp_port = 9090\n")
    monkeypatch.setenv("RONGAN_MQTT_PORT", "3883")
    settings = Settings()
    assert (settings.mqtt_port, settings.http_port, settings.mqtt_host) == (3883, 9090, "127.0.0.1")


def test_misspelt_key_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rongan.toml").write_text("mqqt_port = 2883\n")
    with pytest.raises(ValidationError, match="mqqt_port"):
        Settings()


def test_settings_do_not_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.mqtt_port = 1  # type: ignore[misc]


def test_no_secret_has_a_default(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.home == tmp_path / ".rongan"
    with pytest.raises(DatabaseNotRunning):
        settings.app_dsn()
    with pytest.raises(SecretMissing):
        settings.device_key()
    with pytest.raises(SecretMissing):
        Settings(database_url="postgresql://rongan@db/rongan").app_dsn()


def test_passwords_are_not_shown() -> None:
    settings = Settings(
        database_url="postgresql://u:hunter2@db/x",
        database_app_url="postgresql://u:hunter2@db/x",
        broker_url="mqtt://u:hunter2@b",
    )
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError) as invalid:
        Settings(database_url=["postgresql://u:hunter2@db/x"])
    assert "hunter2" not in str(invalid.value)


def test_processes_reach_a_given_server_with_their_own_role() -> None:
    settings = Settings(database_url="postgresql://boss:pw@db.example:5433/city?sslmode=require")
    settings.layout.create()
    password = settings.layout.ensure_secret("rongan_app")
    dsn = settings.app_dsn()
    assert dsn == f"postgresql://rongan_app:{password}@db.example:5433/city?sslmode=require"
    assert settings.owner_dsn().startswith("postgresql://boss:pw@")


def test_connection_strings_over_a_socket_keep_their_folder() -> None:
    dsn = "postgresql://a:b@/one?host=/run/x"
    assert with_database(dsn, "two") == "postgresql://a:b@/two?host=/run/x"
    assert urlsplit(with_role(dsn, "c", "d/e@f")).netloc == "c:d%2Fe%40f@"


def test_secret_is_generated_once_and_closed_to_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    first = home.ensure_secret("device_key")
    assert home.ensure_secret("device_key") == first == home.secret("device_key")
    assert len(home.key("device_key")) == 32
    assert [path.name for path in (tmp_path / "home" / "secrets").iterdir()] == ["device_key"]
    assert (tmp_path / "home" / "secrets" / "device_key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "home" / "secrets").stat().st_mode & 0o777 == 0o700
