"""Countries in the notation that Bridge uses, ISO 3166 alpha-3, by alpha-2: where it pays out."""

from typing import Final

ALPHA_3: Final = {
    "AT": "AUT", "BE": "BEL", "BG": "BGR", "BR": "BRA", "CH": "CHE", "CY": "CYP", "CZ": "CZE",
    "DE": "DEU", "DK": "DNK", "EE": "EST", "ES": "ESP", "FI": "FIN", "FR": "FRA", "GB": "GBR",
    "GR": "GRC", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IS": "ISL", "IT": "ITA", "LI": "LIE",
    "LT": "LTU", "LU": "LUX", "LV": "LVA", "MC": "MCO", "MT": "MLT", "NL": "NLD", "NO": "NOR",
    "PL": "POL", "PT": "PRT", "RO": "ROU", "SE": "SWE", "SI": "SVN", "SK": "SVK", "SM": "SMR",
    "US": "USA",
}  # fmt: skip
