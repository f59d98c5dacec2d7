"""Linux as the probes need it: system calls, /proc and extended attributes.

Nothing here knows of probes, findings or engines.
"""
