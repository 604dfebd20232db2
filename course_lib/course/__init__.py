"""Running the notebooks, keeping their results, checking their form."""

import sys

# nbformat imports jsonschema, which spends a second a process on a grammar of IRIs; no notebook holds one to check.
sys.modules.setdefault("rfc3987_syntax", None)
