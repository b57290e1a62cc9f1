"""`MailTemplates`: mails from templates of Jinja, in a folder."""

import re
from pathlib import Path

from eventfold.errors import ConfigInvalid, EffectRefused
from eventfold.extras import needing
from eventfold.foreign import said
from eventfold.handlers.targets.mail.mail import Mail

_NAME = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", re.ASCII)


class MailTemplates:
    """Makes mails of templates: `NAME.subject.txt`, `NAME.txt`, and `NAME.html` where there is one.

        templates = ef.MailTemplates(Path(__file__).parent / "mails")

        @ef.notify(OrderShipped, to="mail")
        def shipped(event: OrderShipped, message: ef.Message) -> ef.Mail:
            return templates.mail("shipped", to=event.email, event=event)

    In `.html` values are escaped. A name that a template uses and nobody gave is an error, and so is what the sandbox
    does not allow: templates read values, and change nothing. Needs `eventfold[handlers]`.

    Args:
        folder: of the templates.

    Raises:
        ConfigInvalid: there is no such folder.
        ExtraMissing: Jinja is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        if not self.folder.is_dir():
            raise ConfigInvalid(f"There is no folder {self.folder} with templates of mail.", key="templates")
        with needing("A template of mail", "handlers"):
            from jinja2 import FileSystemLoader, StrictUndefined
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self.folder),
            autoescape=lambda name: name is None or name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def mail(
        self,
        name: str,
        /,
        *,
        to: str | tuple[str, ...] | list[str],
        sender: str | None = None,
        reply_to: str | None = None,
        **values: object,
    ) -> Mail:
        """A mail, as its templates have it.

        Args:
            name: of the templates, without what stands behind the dot.
            to: as `Mail`.
            sender: as `Mail`.
            reply_to: as `Mail`.
            values: what the templates may use, by name.

        Raises:
            EffectRefused: a template is missing, is wrong, or uses what is not there; or the mail cannot be sent.
        """
        if not _NAME.fullmatch(name):
            raise EffectRefused(
                f"{name!r:.80} is no name of a template of mail: letters, digits, _, - and /."
            )
        subject = self._render(f"{name}.subject.txt", values)
        text = self._render(f"{name}.txt", values)
        has_html = (self.folder / f"{name}.html").is_file()
        return Mail(
            to=to,
            subject=subject.strip(),
            text=text,
            html=self._render(f"{name}.html", values) if has_html else None,
            sender=sender,
            reply_to=reply_to,
        )

    def _render(self, file: str, values: dict[str, object]) -> str:
        from jinja2 import TemplateError, TemplateNotFound

        try:
            return self._environment.get_template(file).render(values)
        except TemplateNotFound as error:
            raise EffectRefused(f"There is no template {error.name or file} in {self.folder}.") from None
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f"{getattr(error, 'name', None) or file}{f', line {line}' if line else ''}"
            raise EffectRefused(f"The template {where} is wrong or misses a value: {said(error)}.") from error
        except Exception as error:
            raise EffectRefused(
                f"The template {file} raised {type(error).__name__}: {said(error)}."
            ) from error
