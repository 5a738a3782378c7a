"""Credentials: patterns, user names, secrets."""

import pytest

from registry.credentials import new_credential, secret_hmac, split_user_name


def test_a_credential_names_the_device_in_every_part() -> None:
    credential = new_credential("waste_bin", "bin-07")
    assert credential.user_name == "bin-07&waste_bin"
    assert credential.client_id == "waste_bin-bin-07"
    assert split_user_name(credential.user_name) == ("waste_bin", "bin-07")
    assert all("/waste_bin/bin-07/" in topic for topic in credential.publish + credential.subscribe)


def test_two_credentials_share_no_secret() -> None:
    assert new_credential("p", "d").password != new_credential("p", "d").password


@pytest.mark.parametrize("product", ["", "a-b", "a/b", "a#", "产品", "x" * 65, "a b", "a\n"])
def test_a_product_outside_the_pattern_is_refused(product: str) -> None:
    with pytest.raises(ValueError, match="product key"):
        new_credential(product, "d")


@pytest.mark.parametrize("device", ["", "+", "#", "a/b", "设备", "x" * 65, "a.b", "a\n"])
def test_a_device_name_outside_the_pattern_is_refused(device: str) -> None:
    with pytest.raises(ValueError, match="device name"):
        new_credential("p", device)


@pytest.mark.parametrize("user_name", ["", "bin", "&", "a&", "&b", "a&b&c-d", "a/b&c"])
def test_a_user_name_of_another_form_names_nobody(user_name: str) -> None:
    assert split_user_name(user_name) is None


def test_the_stored_secret_depends_on_the_key() -> None:
    assert secret_hmac(b"one", "secret") != secret_hmac(b"two", "secret")
