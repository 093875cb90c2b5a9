#!/bin/bash
kubectl apply -f .
