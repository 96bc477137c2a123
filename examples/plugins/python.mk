# How a plugin in Python is built inside this repository. Outside, `ocean-host plugin new --lang python` writes all of this into one folder.
PYTHON ?= python3
CFLAGS ?= -O2 -Wall -Wextra
ROOT := $(dir $(lastword $(MAKEFILE_LIST)))../..
KIT := $(ROOT)/host/templates/python/ocean

$(LIBRARY): $(KIT)/shim.c generated.h $(ROOT)/core/abi/include/ocean_plugin.h
	$(CC) -std=c99 $(CFLAGS) -isystem "$$($(PYTHON) $(KIT)/describe.py --headers)" -I. -I$(ROOT)/core/abi/include -fPIC -shared -o $@ $(KIT)/shim.c -ldl

generated.h: FORCE
	@$(PYTHON) $(KIT)/describe.py plugin.py $@

clean:
	rm -rf $(LIBRARY) generated.h __pycache__

FORCE:
.PHONY: FORCE clean
