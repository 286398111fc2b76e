"""An attempt may have several boards: ``job_attempts.board`` then holds all of their identities.

No table changes. An older hostkit would give none of them back, so it must not open such a database.
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change nothing but the number."""
