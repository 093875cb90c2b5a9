"""Turns a request into published cluster images: parse, plan, build, publish, report."""
