"""Local stand-ins for what course examples reach over the network: the Hub, data sets, model services and web pages.

Everything here answers inside the closed network of one document's process (see `suite.course`); nothing of it ever
connects to anything. The unmodified official clients are its users.
"""
