"""What Schemathesis loads."""

import callers  # noqa: F401
import found  # noqa: F401
