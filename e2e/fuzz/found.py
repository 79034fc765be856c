"""
What the generated requests speak of. An id that is made up finds nothing, and little of what stands behind a path was ever
reached by one: so every other id in a path is one that an answer has shown below the same word of a path.
"""

import os
import random
import re
import uuid
from collections import defaultdict

import schemathesis

# It stays as it is: drained or removed, it would leave no device a place, and all that is about devices untried.
SPARED = os.environ["CVAULT_FUZZ_SERVER"]
# Of each kind the newest: what was shown long ago is deleted by now.
KEPT = 20
# «devices» of «/api/v1/devices/{id}»
PARAMETER = re.compile(r"/([a-z-]+)/\{(\w+)\}")
# Where a list has another name in an answer than in a path.
NAMES_IN_ANSWERS = {"webhookEndpoints": "webhook-endpoints", "identityProviders": "identity-providers", "apiKeys": "api-keys"}

shown = defaultdict(list)
chance = random.Random(0)


def remember(kind, thing):
    if isinstance(thing, dict) and isinstance(thing.get("id"), str):
        shown[kind] = [*shown[kind][1 - KEPT :], thing["id"]]


def forget():
    shown.clear()


def is_id(text):
    try:
        uuid.UUID(text)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


@schemathesis.hook
def before_call(context, case, kwargs):
    for kind, name in PARAMETER.findall(case.path):
        # What is no id was meant to be refused.
        if shown[kind] and is_id(case.path_parameters.get(name)) and chance.random() < 0.5:
            case.path_parameters[name] = chance.choice(shown[kind])
        if case.path_parameters.get(name) == SPARED and case.method != "GET":
            case.path_parameters[name] = str(uuid.UUID(int=chance.getrandbits(128), version=4))


@schemathesis.hook
def after_call(context, case, response):
    if response.headers.get("content-type", [""])[0].split(";")[0] != "application/json":
        return
    answer = response.json()
    if not isinstance(answer, dict):
        return
    remember([word for word in case.path.split("/") if not word.startswith("{")][-1], answer)
    for name, list_of in answer.items():
        for thing in list_of if isinstance(list_of, list) else []:
            remember(NAMES_IN_ANSWERS.get(name, name), thing)
