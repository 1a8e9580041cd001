// What to write into the configuration file. `docs/operators.md` and `docs/services.md` explain each line.

export const planSnippet = `[plans.pro]
name = "Pro"
byok = true
managed = "credits"       # or "included", or "none"
allowance_credits = "200" # each month
requests_per_minute = 600`;

export const modelSnippet = `[[models]]
id = "house-model"
provider = "openai"
prices = { input = "0.0000025", output = "0.00001" } # USD for each token`;

export const serviceSnippet = `[[services]]
name = "enrichment"            # its path is /services/enrichment/…
upstream = "https://api.example.com/v1/match"
credential = "env:EXAMPLE_KEY" # never the credential itself
header = "x-api-key"
unit = "item"                  # call, token, character, second or item
credits = "2"                  # each
items = "matches"              # the list of the answer
max_items = 10`;
