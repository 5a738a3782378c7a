"""Log-in over HTTP: token and cookie, slowed-down guessing, and refusing pages of other sites."""

from http.cookies import SimpleCookie

from dispatcher.accounts.attempts import PER_ACCOUNT
from tests.integration.dispatcher.api.community import PASSWORD
from tests.integration.dispatcher.api.running import Api, Client

URL = "/api/v1/sessions"
RIGHT = {"login": "auditor", "password": PASSWORD}


async def test_log_in_gives_a_token_and_a_hardened_cookie(api: Api) -> None:
    async with api.http.post(URL, json=RIGHT, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
        told = await answer.json()
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["__Host-rongan"]
    assert (answer.status, told["user"]["roles"], cookie.value) == (201, ["auditor"], told["token"])
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Strict", "/")
    assert cookie["domain"] == ""
    status, me = await Client(api.http, told["token"]).get("me")
    assert (status, me) == (200, told["user"])


async def test_who_one_is_names_what_one_may_do(api: Api) -> None:
    told = [set((await (await api.as_user(login)).get("me"))[1]["permissions"]) for login in ("auditor", "engineer")]
    assert [permissions & {"read_rules", "change_rules", "reshape_incidents"} for permissions in told] == [
        {"read_rules"},
        {"read_rules", "change_rules"},
    ]


async def test_log_out_ends_the_token_and_the_cookie(api: Api) -> None:
    client = await api.as_user("auditor")
    async with api.http.delete("/api/v1/sessions/current", headers=client.headers()) as answer:
        assert answer.status == 204
        assert SimpleCookie(answer.headers["Set-Cookie"])["__Host-rongan"].value == ""
    assert (await client.get("me"))[0] == 401


async def test_wrong_log_in_says_not_what_was_wrong(api: Api) -> None:
    told = []
    for body in ({**RIGHT, "password": "wrong"}, {"login": "nobody", "password": PASSWORD}):
        status, problem = await api.nobody.post(URL, body)
        assert status == 401
        told.append({key: value for key, value in problem.items() if key != "instance"})
    assert told[0] == told[1]
    assert told[0]["code"] == "wrong_credentials"


async def test_guessing_is_slowed_down_even_with_the_right_password(api: Api) -> None:
    for _ in range(PER_ACCOUNT):
        assert (await api.nobody.post(URL, {**RIGHT, "password": "wrong"}))[0] == 401
    async with api.http.post(URL, json=RIGHT) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (429, "rate_limited")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert (await api.nobody.post(URL, {**RIGHT, "login": "verifier"}))[0] == 201


async def test_page_of_another_site_cannot_log_anybody_in(api: Api) -> None:
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        async with api.http.post(URL, json=RIGHT, headers=foreign) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "cross_site")
