"""JSON that no append takes any more, but that logs may hold which were written when appends looked at none of it."""


def nested(levels: int) -> str:
    return '{"a":1,"deep":' * levels + "1" + "}" * levels


IRREGULAR_DATA = {
    "no JSON": "ready",
    "empty": "",
    "cut": '{"a":',
    "text": '"a"',
    "list": "[1]",
    "list of maps": '[{"a":1}]',
    "null": "null",
    "NaN": '{"a":NaN}',
    "NaN beside": '{"a":1,"b":NaN}',
    "Infinity": '{"a":1,"b":-Infinity}',
    "infinite": '{"a":1,"b":1e400}',
    "twice": '{"a":1,"a":2}',
    "twice, escaped": '{"a":1,"\\u0061":2}',
    "twice inside": '{"box":{"a":1,"a":2}}',
    "box twice": '{"box":{"a":1},"box":{"b":1}}',
    "surrogate": '{"a":1,"b":"\\ud800"}',
    "large": '{"a":18446744073709551616}',
    "reserved": '{"$enc":"x","a":1}',
    "65 levels": nested(65),
    "1,000 levels": nested(1_000),
    "50,000 levels": nested(50_000),
    "comment": '{"a":1/* one */}',
    "comma": '{"a":1,}',
    "single quotes": "{'a':1}",
    "bare key": "{a:1}",
    "like a document": '1},"metadata":{"schemaVersion":9},"x":{"y":2',
}
