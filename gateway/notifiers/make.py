"""A channel of the configuration into the notifier that speaks through it."""

from pathlib import Path

from gateway.alerts.settings import ChannelConfig
from gateway.config_file import read_secret
from gateway.notifiers.ports import Notifier


def make_notifier(name: str, channel: ChannelConfig) -> Notifier:
    """The notifier of a channel; nothing is sent.

    Raises:
        ConfigurationError: If a file with a secret cannot be read; the text names its place.
    """
    place = f"$.alerts.channels.{name}"
    if channel.kind == "file":
        from gateway.notifiers.file_notifier import FileNotifier

        return FileNotifier(Path(channel.path or ""), channel=name)
    if channel.kind == "apprise":
        from gateway.notifiers.apprise_notifier import AppriseNotifier

        return AppriseNotifier(read_secret(channel.url_file or "", f"{place}.url_file"), timeout_s=channel.timeout_s)
    key = read_secret(channel.key_file or "", f"{place}.key_file")
    secret = read_secret(channel.secret_file, f"{place}.secret_file") if channel.secret_file else None
    if channel.kind == "wecom":
        from gateway.notifiers.wecom import WeComNotifier

        return WeComNotifier(key, base=channel.base, timeout_s=channel.timeout_s)
    if channel.kind == "dingtalk":
        from gateway.notifiers.dingtalk import DingTalkNotifier

        return DingTalkNotifier(key, secret, base=channel.base, timeout_s=channel.timeout_s)
    from gateway.notifiers.feishu import FeishuNotifier

    return FeishuNotifier(key, secret, base=channel.base, timeout_s=channel.timeout_s)
