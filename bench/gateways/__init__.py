"""What is measured, in the order of the tables: nothing in between, a plain proxy, Ownkey, and its peers."""

from .base import Gateway
from .direct import Direct
from .litellm import LiteLlm
from .llmg import Llmg
from .nginx import Nginx
from .ownkey import Ownkey
from .portkey import Portkey
from .tensorzero import TensorZero

ALL: list[type[Gateway]] = [Direct, Nginx, Ownkey, Llmg, TensorZero, Portkey, LiteLlm]
