"""`flask users`: the people who may sign in."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.auth.actions.people import create_user
from app.auth.models import ROLES
from app.errors import DomainError
from app.extensions import db
from app.schema import require_schema

users = AppGroup("users", help="The people who may sign in.")


@users.command("create")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues will see it.")
@click.option("--role", type=click.Choice(ROLES), default="staff", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
def create(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Create a person who signs in with EMAIL."""
    require_schema(db.engine)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        user = create_user(email, name, role, password)
    except DomainError as error:
        raise click.ClickException(" ".join(error.fields.values()) or str(error.detail)) from error
    click.echo(f"{user.name} <{user.email}> can sign in now, as {user.role}.")
