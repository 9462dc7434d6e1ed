# SPDX-License-Identifier: MIT
# stub.json: our stub in the JSON form that esptool uses too.
