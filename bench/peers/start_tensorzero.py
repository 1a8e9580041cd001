# The package has no command to start its gateway; this is what its own patch of OpenAI's client does.
import os
import signal

from tensorzero import _start_http_gateway

os.environ["TENSORZERO_DISABLE_PSEUDONYMOUS_USAGE_ANALYTICS"] = "1"
config = "$folder/tensorzero.toml"
gateway = _start_http_gateway(config_file=config, clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False)
address = gateway.base_url.split("://")[1].split("/")[0]
with open("$folder/port.new", "w") as told:
    told.write(address.rpartition(":")[2])
os.rename("$folder/port.new", "$folder/port")
signal.pause()
