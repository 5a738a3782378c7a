"""What an operator can set: `RONGAN_*` variables over `rongan.toml` in the working directory over the defaults."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from runtime.errors import Explained
from runtime.supervisor.home import Home

OWNER_ROLE: Final = "rongan"
APP_ROLE: Final = "rongan_app"
DATABASE: Final = "rongan"
DEVICE_KEY: Final = "device_key"
# Written by the embedded server while it runs: where its socket lies.
SOCKET_NOTE: Final = "postgres.json"

Port = Annotated[int, Field(ge=0, le=65535)]
Absolute = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


class DatabaseNotRunning(Explained):
    """No database url is set and no embedded server runs in this home."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"no PostgreSQL runs in {home}; start `rongan run`, or set RONGAN_DATABASE_URL")
        self.home = home


class Settings(BaseSettings):
    """The settings of one process; reading them twice gives the same, nothing changes them while it runs.

    Secrets have no defaults: they come from the environment, from `rongan.toml`, or are generated into `home/secrets`.
    """

    model_config = SettingsConfigDict(
        env_prefix="RONGAN_", toml_file="rongan.toml", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    home: Absolute = Path(".rongan")
    database_url: str | None = Field(default=None, repr=False)  # of the owner; None: embedded PostgreSQL
    database_app_url: str | None = Field(default=None, repr=False)  # of rongan_app; None: derived from the owner's
    postgres_shared_buffers_mib: int = Field(default=1024, ge=16)
    postgres_max_wal_mib: int = Field(default=4096, ge=64)

    mqtt_host: str = "127.0.0.1"
    mqtt_port: Port = 1883
    mqtt_max_payload_bytes: int = Field(default=64 * 1024, ge=1024)
    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    gateway_slot: str = Field(default="gateway-0", pattern=r"^[a-z0-9-]{1,32}$")
    # Each dispatcher has a name of its own: one that restarts under its old name takes the leadership back at once.
    dispatcher_slot: str = Field(default="dispatcher-0", pattern=r"^[a-z0-9-]{1,32}$")
    batch_messages: int = Field(default=2000, ge=1)
    batch_bytes: int = Field(default=4 * 1024 * 1024, ge=64 * 1024)
    batch_wait_ms: int = Field(default=20, ge=0)
    broker_url: str | None = Field(default=None, repr=False)  # back door: mqtt://user:password@host:port
    gateway_metrics_port: Port | None = None  # `/metrics` of the gateway; None: not served
    dispatcher_metrics_port: Port | None = None  # `/metrics` of the dispatcher; None: not served
    dispatcher_step_events: int = Field(default=4000, ge=1)  # a step takes so many events of the log at most
    life_safety_webhook: str | None = None  # told at once when an SOS cannot be stored; None: log and metric alone
    webhook_allow_private: bool = False
    sms_url: str | None = None  # the gateway for text messages; its secret is `whsec_` and base64
    sms_secret: str | None = Field(default=None, repr=False)
    voice_url: str | None = None  # the gateway for calls
    voice_secret: str | None = Field(default=None, repr=False)
    mail_url: str | None = Field(default=None, repr=False)  # mailtos://user:password@host:port?from=address
    wecom_url: str | None = None  # where an edition of its own has its robots, with {key} or {token} in it
    dingtalk_url: str | None = None
    feishu_url: str | None = None

    attachments_path: Absolute | None = None  # photos and documents; None: `attachments` in the home

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_json: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def layout(self) -> Home:
        return Home(self.home)

    @property
    def attachments(self) -> Path:
        """The folder of photos and documents: every api process of an installation sees the same one."""
        return self.attachments_path or self.home / "attachments"

    def owner_dsn(self) -> str:
        """The connection string of the owner, for migrations and administration alone.

        Raises DatabaseNotRunning or SecretMissing.
        """
        return self.database_url or self._embedded_dsn(OWNER_ROLE)

    def app_dsn(self) -> str:
        """The connection string of the processes. Raises DatabaseNotRunning or SecretMissing."""
        if self.database_app_url is not None:
            return self.database_app_url
        if self.database_url is not None:
            return with_role(self.database_url, APP_ROLE, self.layout.secret(APP_ROLE))
        return self._embedded_dsn(APP_ROLE)

    def device_key(self) -> bytes:
        """The key under which device secrets are kept as HMAC. Raises SecretMissing before the first migration."""
        return self.layout.key(DEVICE_KEY)

    def _embedded_dsn(self, role: str) -> str:
        try:
            note: dict[str, Any] = json.loads((self.layout.run / SOCKET_NOTE).read_bytes())
        except FileNotFoundError:
            raise DatabaseNotRunning(self.home) from None
        return socket_dsn(note["socket_folder"], role=role, password=self.layout.secret(role), database=DATABASE)


def socket_dsn(folder: str, *, role: str, password: str, database: str) -> str:
    """The connection string over a Unix socket."""
    return f"postgresql://{quote(role)}:{quote(password, safe='')}@/{quote(database)}?host={quote(folder, safe='/')}"


def with_role(dsn: str, role: str, password: str) -> str:
    """The same server and database for another role."""
    parts = urlsplit(dsn)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{address}"))


def with_database(dsn: str, database: str) -> str:
    """The same server and role for another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{quote(database)}"))
